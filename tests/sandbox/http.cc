// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/http.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <optional>

namespace sandbox {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

const char* reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 412:
      return "Precondition Failed";
    case 422:
      return "Unprocessable Entity";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

const std::string& date_field() {
  static std::time_t at = 0;
  static std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != at) {
    at = now;
    std::tm parts{};
    gmtime_r(&now, &parts);
    char buffer[64];
    std::strftime(buffer, sizeof buffer, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    text = buffer;
  }
  return text;
}

/// What only the CDN adds.
void append_cdn_fields(std::string& head, std::optional<long> age_s) {
  if (age_s) head.append("Age: ").append(std::to_string(*age_s)).append("\r\n");
  head.append(age_s ? "x-cache: MISS, HIT\r\nx-cache-hits: 0, 1\r\n"
                    : "x-cache: MISS, MISS\r\nx-cache-hits: 0, 0\r\n");
  head.append(
      "Via: 1.1 varnish, 1.1 varnish\r\n"
      "Accept-Ranges: bytes\r\n"
      "x-served-by: cache-sna10740-LGB, cache-bom4733-BOM\r\n"
      "x-timer: S1607183092.353917,VS0,VE1\r\n"
      "x-ratelimit-limit: 500\r\n"
      "x-ratelimit-remaining: 499\r\n");
}

void append_request_id(std::string& head) {
  static std::uint64_t count = 0;
  char text[64];
  const int bytes = std::snprintf(text, sizeof text, "x-request-id: 5a4d%012llx\r\n",
                                  static_cast<unsigned long long>(++count));
  head.append(text, static_cast<std::size_t>(bytes));
}

/// The line of that name: [begin, end) with its line end, npos when there is none.
std::pair<std::size_t, std::size_t> find_line(const std::string& head, std::string_view name) {
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const std::size_t end = head.find("\r\n", at) + 2;
    const std::size_t colon = head.find(':', at);
    if (colon < end && same_name(std::string_view(head).substr(at, colon - at), name)) {
      return {at, end};
    }
    at = end;
  }
  return {std::string::npos, std::string::npos};
}

}  // namespace

std::string_view HttpRequest::query() const {
  const auto mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

std::string_view HttpRequest::field(std::string_view name) const {
  for (const Field& field : fields) {
    if (same_name(field.name, name)) return field.value;
  }
  return {};
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

ApiRequest to_api_request(const HttpRequest& request) {
  ApiRequest api;
  api.host = request.host;
  api.method = request.method;
  api.path = request.path();
  api.query = request.query();
  const std::pair<std::string_view, std::string_view*> known[] = {
      {"api_key", &api.api_key},
      {"access_token", &api.access_token},
      {"preview_token", &api.preview_token},
      {"authorization", &api.authorization},
      {"live_preview", &api.live_preview},
      {"environment", &api.environment},
      {"branch", &api.branch},
      {"x-cs-variant-uid", &api.variants},
      {"x-header-ea", &api.early_access},
      {"release_id", &api.release_id},
      {"preview_timestamp", &api.preview_timestamp},
  };
  for (const Field& field : request.fields) {
    for (const auto& [name, view] : known) {
      if (same_name(field.name, name)) *view = field.value;
    }
    if (same_name(field.name, "accept-encoding")) {
      api.gzip = field.value.find("gzip") != std::string_view::npos &&
                 field.value.find("gzip;q=0") == std::string_view::npos;
    }
  }
  return api;
}

std::string status_line(int status) {
  return "HTTP/1.1 " + std::to_string(status) + " " + reason(status) + "\r\n";
}

std::string head_of(const ApiAnswer& answer, const HttpRequest& request) {
  std::string head = status_line(answer.status);
  head.reserve(1024);
  head.append("Server: contentstack\r\n").append(date_field());
  head.append("Content-Type: application/json; charset=utf-8\r\n");
  if (answer.gzip) head.append("Content-Encoding: gzip\r\n");
  if (answer.status == 200) head.append("Vary: Accept-Encoding\r\n");
  if (answer.cors) head.append("Access-Control-Allow-Origin: *\r\n");
  head.append(
      "Strict-Transport-Security: max-age=31536000\r\n"
      "x-contentstack-organization: bltorg0123456789\r\n"
      "x-runtime: 9\r\n");
  append_request_id(head);
  head.append(answer.extra_fields);
  if (request.host == Host::delivery) append_cdn_fields(head, answer.age_s);
  return head;
}

void finish_head(std::string& head, const HttpRequest& request, std::size_t body_bytes,
                 bool chunked) {
  if (chunked) {
    head.append("Transfer-Encoding: chunked\r\n");
  } else {
    head.append("Content-Length: ").append(std::to_string(body_bytes)).append("\r\n");
  }
  head.append(request.keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n");
  head.append("\r\n");
}

void set_field(std::string& head, std::string_view name, const std::vector<std::string>& values) {
  for (auto line = find_line(head, name); line.first != std::string::npos;
       line = find_line(head, name)) {
    head.erase(line.first, line.second - line.first);
  }
  for (const std::string& value : values) {
    head.append(name).append(": ").append(value).append("\r\n");
  }
}

void append_chunk(std::string& to, std::string_view chunk) {
  if (chunk.empty()) return;
  char size[24];
  const int bytes = std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
  to.append(size, static_cast<std::size_t>(bytes)).append(chunk).append("\r\n");
}

}  // namespace sandbox
