// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "cache/http/response.h"
#include "conf/base/octets.h"

namespace larder {
namespace {

constexpr int kFirstStatus = 100;
constexpr int kLastStatus = 599;

const char* phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
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
    case 408:
      return "Request Timeout";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 508:
      return "Loop Detected";
    default:
      return "Other";
  }
}

using StatusLines = std::array<std::string, kLastStatus - kFirstStatus + 1>;

StatusLines make_status_lines() {
  StatusLines lines;
  for (int status = kFirstStatus; status <= kLastStatus; ++status) {
    lines[static_cast<std::size_t>(status - kFirstStatus)] =
        "HTTP/1.1 " + std::to_string(status) + " " + phrase(status) + "\r\n";
  }
  return lines;
}

void add_field(std::string& block, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  block.append(name).append(": ").append(value).append("\r\n");
}

/// The origin's own, and what larder chooses by: caches in front of larder need both.
std::string vary_text(const std::string& origins) {
  std::string_view rest = origins;
  while (!rest.empty()) {
    const std::string_view name = take_list_element(rest);
    if (name == "*" || equals_ignoring_case(name, "Accept-Encoding")) return origins;
  }
  return origins.empty() ? "Accept-Encoding" : origins + ", Accept-Encoding";
}

}  // namespace

HeadBlocks build_head_blocks(const ResponseFacts& facts, std::string_view etag,
                             std::optional<std::uint64_t> body_length, std::string_view date) {
  HeadBlocks blocks;
  add_field(blocks.entity, "Content-Type", facts.content_type);
  if (!equals_ignoring_case(facts.content_encoding, "identity")) {
    add_field(blocks.entity, "Content-Encoding", facts.content_encoding);
  }
  if (body_length) add_field(blocks.entity, "Content-Length", std::to_string(*body_length));
  add_field(blocks.shared, "ETag", etag);
  add_field(blocks.shared, "Vary", vary_text(facts.vary));
  add_field(blocks.shared, "Date", facts.date ? facts.date_text : date);
  blocks.shared.append(facts.passed);
  return blocks;
}

std::string_view status_line(int status) {
  static const StatusLines lines = make_status_lines();
  if (status < kFirstStatus || status > kLastStatus) status = 502;
  return lines[static_cast<std::size_t>(status - kFirstStatus)];
}

}  // namespace larder
