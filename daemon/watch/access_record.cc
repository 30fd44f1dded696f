// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/access_record.h"

#include <algorithm>

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

}  // namespace

void AccessRecord::set_target(std::string_view text) {
  target_bytes = static_cast<std::uint16_t>(std::min<std::size_t>(text.size(), 65'535));
  if (text.size() > kMaxTarget) {
    // A token cut in half is none any more to the redactor: the last value goes as a whole.
    const auto end = text.substr(0, kMaxTarget).find_last_of("=&?/");
    text = text.substr(0, end == std::string_view::npos ? 0 : end + 1);
  }
  target_length = static_cast<std::uint16_t>(text.size());
  std::copy_n(text.data(), target_length, target.data());
}

void AccessRecord::set_client(std::string_view text) {
  client.fill('\0');
  std::copy_n(text.data(), std::min(text.size(), client.size() - 1), client.data());
}

std::string format_access_record(const AccessRecord& record) {
  std::string line = "{\"time\":";
  line += std::to_string(record.time.ms / 1000) + "." +
          std::to_string(1000 + record.time.ms % 1000).substr(1);
  line += ",\"client\":";
  append_json_string(line, record.client.data());
  line += ",\"method\":\"";
  line += name_of(record.method);
  line += "\",\"target\":";
  append_json_string(line, redact({record.target.data(), record.target_length}));
  if (record.target_bytes > record.target_length)
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
  line += "}\n";
  return line;
}

}  // namespace larder
