// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/access_record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

#include "conf/base/hex.h"
#include "conf/base/json_text.h"
#include "conf/base/redact.h"

namespace larder {
namespace {

const char* name_of(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::options:
      return "OPTIONS";
    case Method::other:
      return "-";
  }
  return "-";
}

std::string share_text(float share) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), share).ptr;
  return {text.data(), end};
}

/// `29/Nov/2026:21:13:15 +0000`
std::string clf_time(WallTime time) {
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = time.ms / 1'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%02d/%s/%d:%02d:%02d:%02d +0000", parts.tm_mday,
                kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1'900,
                parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text.data();
}

/// Inside of quotation marks, as nginx and Apache escape it.
void append_quotable(std::string& line, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c != '"' && c != '\\' && octet >= 0x20 && octet < 0x7F) {
      line += c;
      continue;
    }
    line += "\\x";
    line += kDigits[octet >> 4];
    line += kDigits[octet & 15];
  }
}

}  // namespace

void TargetText::set(std::string_view target) {
  if (target.size() > kMaxBytes) {
    // A token cut in half is none any more to the redactor: the last value goes as a whole.
    const auto end = target.substr(0, kMaxBytes).find_last_of("=&?/");
    target = target.substr(0, end == std::string_view::npos ? 0 : end + 1);
  }
  length_ = static_cast<std::uint16_t>(target.size());
  std::copy_n(target.data(), length_, bytes_.data());
}

void AccessRecord::set_target(std::string_view text) {
  target_bytes = static_cast<std::uint16_t>(std::min<std::size_t>(text.size(), 65'535));
  target.set(text);
}

void AccessRecord::set_client(std::string_view text) {
  client.fill('\0');
  std::copy_n(text.data(), std::min(text.size(), client.size() - 1), client.data());
}

std::string format_access_record(const AccessRecord& record, CleanTargets& targets) {
  std::string room;
  std::string line = "{\"time\":";
  line += std::to_string(record.time.ms / 1000) + "." +
          std::to_string(1000 + record.time.ms % 1000).substr(1);
  line += ",\"client\":";
  append_json_string(line, record.client.data());
  line += ",\"method\":\"";
  line += name_of(record.method);
  line += "\",\"target\":";
  append_json_string(line, targets.shown(record.target.text(), room));
  if (record.target_bytes > record.target.text().size())
    line += ",\"target_bytes\":" + std::to_string(record.target_bytes);
  line += ",\"status\":" + std::to_string(record.status);
  line += ",\"outcome\":\"" + std::string(name_of(record.outcome));
  line += "\",\"reason\":\"" + std::string(name_of(record.reason));
  line += "\",\"detail\":\"" + std::string(*record.detail == '\0' ? "-" : record.detail);
  line += "\",\"size\":" + std::to_string(record.body_bytes);
  line += ",\"duration_us\":" + std::to_string(record.duration_us);
  line += ",\"scope\":\"" + hex_text(record.scope) + "\",\"key\":\"" + hex_text(record.key);
  line += "\",\"request_id\":";
  append_json_string(line, redact(record.id.text()));
  if (!record.trace.empty()) {
    line += ",\"trace_id\":";
    append_json_string(line, redact(record.trace.trace_id()));
  }
  if (record.share < 1) line += ",\"sample\":" + share_text(record.share);
  line += "}\n";
  return line;
}

std::string combined_access_line(const AccessRecord& record, CleanTargets& targets) {
  std::string room;
  std::string line = record.client.data();
  line += " - - [" + clf_time(record.time) + "] \"";
  line += name_of(record.method);
  line += " ";
  append_quotable(line, targets.shown(record.target.text(), room));
  line += record.http_1_1 ? " HTTP/1.1\" " : " HTTP/1.0\" ";
  line += std::to_string(record.status) + " " + std::to_string(record.body_bytes);
  line += " \"-\" \"-\"";
  if (record.share < 1) line += " sample=" + share_text(record.share);
  if (!record.trace.empty()) line += " trace_id=" + redact(record.trace.trace_id());
  return line + "\n";
}

}  // namespace larder
