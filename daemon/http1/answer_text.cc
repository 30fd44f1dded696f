// SPDX-License-Identifier: Apache-2.0
#include "daemon/http1/answer_text.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "cache/http/http_date.h"
#include "cache/http/response.h"
#include "conf/base/json_text.h"
#include "conf/base/octets.h"

namespace larder {
namespace {

void append_number(std::string& out, std::int64_t number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

constexpr std::string_view kKnownNames =
    "api_key, access_token, branch, environment, preview_token, live_preview, release_id, "
    "preview_timestamp, x-cs-variant-uid, x-header-ea, x-user-agent, content-type, authorization";

std::string allowed_names(std::string_view asked) {
  constexpr std::size_t kMostNames = 64;
  constexpr std::size_t kMostBytes = 1'024;
  std::string names;
  for (std::size_t count = 0; !asked.empty() && count < kMostNames; ++count) {
    const std::string_view name = take_list_element(asked);
    if (name.empty() || !all_octets(name, kTokenChar)) continue;
    if (names.size() + name.size() + 2 > kMostBytes) break;
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

}  // namespace

std::string_view DateText::at(WallTime now) {
  const std::int64_t second = now.ms / 1000;
  if (second == second_) return text_;
  text_ = format_http_date(now);
  second_ = second;
  return text_;
}

std::string keep_alive_lines(Milliseconds idle_timeout) {
  const Milliseconds seconds = idle_timeout / 1'000 - 1;
  return seconds < 1
             ? ""
             : "Connection: keep-alive\r\nKeep-Alive: timeout=" + std::to_string(seconds) + "\r\n";
}

void append_head_tail(std::string& out, const HeadTail& tail) {
  if (!tail.date.empty()) out.append("Date: ").append(tail.date).append("\r\n");
  if (tail.age_s >= 0) {
    out.append("Age: ");
    append_number(out, tail.age_s);
    out.append("\r\n");
  }
  out.append("Cache-Status: ").append(tail.cache_status);
  if (!tail.request_id.empty()) out.append("\r\nX-Request-Id: ").append(tail.request_id);
  out.append("\r\n");
  out.append(tail.close ? "Connection: close\r\n" : tail.keep_alive);
  out.append("\r\n");
}

std::string error_body(const Refusal& refusal) {
  std::string body = "{\"error_message\":";
  append_json_string(body, refusal.cause);
  body += ",\"error_code\":";
  append_number(body, refusal.error_code);
  body += ",\"errors\":{";
  if (*refusal.field != '\0') {
    append_json_string(body, refusal.field);
    body += ":[";
    append_json_string(body, refusal.cause);
    body += "]";
  }
  body += "}}";
  return body;
}

std::string error_answer(const Refusal& refusal, std::string_view date, bool close, bool with_body,
                         std::string_view keep_alive, std::string_view request_id) {
  const auto body = error_body(refusal);
  std::string out(status_line(refusal.status));
  out += "Content-Type: application/json; charset=utf-8\r\nContent-Length: ";
  append_number(out, static_cast<std::int64_t>(body.size()));
  out += "\r\nAccess-Control-Allow-Origin: *\r\nCache-Control: no-store\r\n";
  if (refusal.status == 405) out += "Allow: GET, HEAD, OPTIONS\r\n";
  if (refusal.retry_after_s > 0 || refusal.status == 503) {
    out += "Retry-After: ";
    append_number(out, std::max<std::int64_t>(1, refusal.retry_after_s));
    out += "\r\n";
  }
  std::string cache_status = "larder";
  if (*refusal.fwd != '\0') cache_status.append("; fwd=").append(refusal.fwd);
  cache_status.append("; detail=").append(refusal.detail);
  append_head_tail(out, {.date = date,
                         .cache_status = cache_status,
                         .close = close,
                         .keep_alive = keep_alive,
                         .request_id = request_id});
  if (with_body) out += body;
  return out;
}

std::string preflight_answer(std::string_view asked, std::string_view date, bool close,
                             std::string_view keep_alive, std::string_view request_id) {
  const std::string names = allowed_names(asked);
  std::string out(status_line(204));
  out +=
      "Access-Control-Allow-Origin: *\r\n"
      "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"
      "Access-Control-Allow-Headers: ";
  out += names.empty() ? kKnownNames : std::string_view(names);
  out += "\r\nAccess-Control-Max-Age: 86400\r\n";
  append_head_tail(out, {.date = date,
                         .cache_status = "larder; detail=preflight",
                         .close = close,
                         .keep_alive = keep_alive,
                         .request_id = request_id});
  return out;
}

}  // namespace larder
