// SPDX-License-Identifier: Apache-2.0
#include "cache/http/response.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "cache/http/cache_control.h"
#include "cache/http/http_date.h"
#include "conf/base/field_table.h"
#include "conf/base/octets.h"

namespace larder {
namespace {

/// Passed fields beyond this are not stored: no API sends so many, and every hit would carry them.
constexpr std::size_t kMaxStoredFieldBytes = 16 * 1024;

struct Line {
  std::string_view name;
  std::string_view value;
};

/// nullopt = no field line, or one that another reader may take for something else.
std::optional<Line> split(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (!all_octets(name, kTokenChar)) return std::nullopt;
  for (const char c : value) {
    if (is_octet(c, kControl) && c != '\t') return std::nullopt;
  }
  return Line{name, value};
}

bool starts_with(std::string_view name, std::string_view prefix) {
  return equals_ignoring_case(name.substr(0, prefix.size()), prefix);
}

/// Fields that are true of one connection, of one request or of the origin's own place alone, and
/// those that larder writes itself. A `*` at the end stands for any rest.
constexpr std::string_view kNotReplayed[] = {
    // Of the connection (RFC 9110 section 7.6.1).
    "Connection", "Keep-Alive", "Proxy-*", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
    "HTTP2-Settings",
    // Of another client, or of the caches on the way.
    "Set-Cookie", "Set-Cookie2", "Via", "X-RateLimit-*", "RateLimit*", "X-Cache*", "Cache-Status",
    "X-Served-By", "X-Timer", "Server-Timing",
    // Of one request.
    "X-Request-Id", "X-Requestid", "Request-Id", "X-Correlation-Id", "X-Amz-Cf-*",
    "X-Amz-Request-Id", "X-Amz-Id-2", "CF-Ray", "X-Trace-Id", "X-B3-*", "Traceparent", "Tracestate",
    // Of the origin's host: its other ports, its own TLS, where it wants reports.
    "Alt-Svc", "Strict-Transport-Security", "Report-To", "Reporting-Endpoints", "NEL",
    "Clear-Site-Data",
    // Larder knows no ranges of an answer.
    "Accept-Ranges",
    // Written by HeadBlocks and the answer's end.
    "Content-Type", "Content-Encoding", "Content-Length", "ETag", "Vary", "Age", "Date"};

bool is_passed(std::string_view name, int status) {
  if (equals_ignoring_case(name, "Retry-After")) return status >= 400;
  if (is_credential(name)) return false;
  return std::none_of(std::begin(kNotReplayed), std::end(kNotReplayed), [&](std::string_view row) {
    if (row.back() != '*') return equals_ignoring_case(name, row);
    return starts_with(name, row.substr(0, row.size() - 1));
  });
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
  return lower;
}

bool is_hop_by_hop(const ResponseFacts& facts, std::string_view name) {
  std::string_view rest = facts.hop_by_hop;
  while (rest.size() > 1) {
    rest.remove_prefix(1);
    const std::size_t end = rest.find(',');
    if (equals_ignoring_case(rest.substr(0, end), name)) return true;
    rest.remove_prefix(end);
  }
  return false;
}

/// Takes out of what is passed the lines whose name is `unwanted`.
template <class Unwanted>
void drop_passed(ResponseFacts& facts, Unwanted unwanted) {
  std::string kept;
  std::string_view rest = facts.passed;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n') + 1;
    const std::string_view line = rest.substr(0, end);
    if (!unwanted(line.substr(0, line.find(':')))) kept.append(line);
    rest.remove_prefix(end);
  }
  facts.passed = std::move(kept);
}

void add_connection(ResponseFacts& facts, std::string_view value) {
  if (facts.hop_by_hop.empty()) facts.hop_by_hop = ",";
  while (!value.empty()) facts.hop_by_hop += lower_case(take_list_element(value)) + ",";
  drop_passed(facts, [&](std::string_view name) { return is_hop_by_hop(facts, name); });
}

/// `seen`: whether the field came before. An empty one and another contradict each other too: which
/// of both counts differs from reader to reader.
void add_once(std::string& member, bool& seen, std::string_view value, ResponseFacts& facts) {
  if (seen && member != value) facts.contradictory = true;
  seen = true;
  member = value;
}

void add_content_length(ResponseFacts& facts, std::string_view value) {
  std::uint64_t length = 0;
  bool sound = !value.empty() && value.size() <= 18;
  for (const char c : value) {
    sound = sound && is_digit(c);
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (!sound || (facts.content_length && *facts.content_length != length)) {
    facts.contradictory = true;
    return;
  }
  facts.content_length = length;
}

void add_vary(ResponseFacts& facts, std::string_view value) {
  if (value.empty()) return;
  if (!facts.vary.empty()) facts.vary += ", ";
  facts.vary += value;
}

void add_expires(ResponseFacts& facts, std::string_view value) {
  const WallTime at = parse_http_date(value).value_or(WallTime{0});
  facts.expires = facts.expires ? std::min(*facts.expires, at) : at;
}

void add_retry_after(ResponseFacts& facts, std::string_view value) {
  facts.retry_after_s = parse_delta_seconds(value);
  const auto at = parse_http_date(value);
  if (at && facts.date) {
    facts.retry_after_s = std::max<std::int64_t>(0, (at->ms - facts.date->ms) / 1'000);
  }
}

/// Only the first line and its first member count (RFC 9111 section 5.1).
void add_age(ResponseFacts& facts, std::string_view value) {
  if (std::exchange(facts.has_age, true)) return;
  const std::string_view first = trim(value.substr(0, value.find(',')));
  facts.age_s = parse_delta_seconds(first).value_or(0);
}

void add_date(ResponseFacts& facts, std::string_view value) {
  if (facts.date) return;
  facts.date = parse_http_date(value);
  if (facts.date) facts.date_text = value;
}

/// One name for one coding (RFC 9110 section 8.4.1.3).
std::string_view coding_of(std::string_view value) {
  const bool gzip = equals_ignoring_case(value, "gzip") || equals_ignoring_case(value, "x-gzip");
  return gzip ? "gzip" : value;
}

void note(ResponseFacts& facts, std::string_view name, std::string_view value) {
  const auto is = [name](std::string_view word) { return equals_ignoring_case(name, word); };
  if (is("Content-Type")) add_once(facts.content_type, facts.has_content_type, value, facts);
  if (is("Content-Encoding")) {
    add_once(facts.content_encoding, facts.has_content_encoding, coding_of(value), facts);
  }
  if (is("Content-Length")) add_content_length(facts, value);
  if (is("Content-Range")) facts.content_range = true;
  if (is("Cache-Control")) merge_cache_control(parse_cache_control(value), facts.cache_control);
  if (is("Vary")) add_vary(facts, value);
  if (is("Set-Cookie") || is("Set-Cookie2")) facts.set_cookie = true;
  if (is("Age")) add_age(facts, value);
  if (is("Date")) add_date(facts, value);
  if (is("Expires")) add_expires(facts, value);
  if (is("Retry-After")) add_retry_after(facts, value);
  if (is("Connection")) add_connection(facts, value);
}

bool is_json(std::string_view content_type) {
  return equals_ignoring_case(trim(content_type.substr(0, content_type.find(';'))),
                              "application/json");
}

bool fits(std::string_view content_encoding, Representation asked) {
  if (content_encoding.empty() || equals_ignoring_case(content_encoding, "identity")) return true;
  return content_encoding == "gzip" && asked == Representation::gzip;
}

/// May another request for the same key have had another answer?
bool varies_beyond_key(std::string_view vary, const std::vector<std::string>& unkeyed) {
  while (!vary.empty()) {
    const std::string_view name = take_list_element(vary);
    if (name == "*" || !all_octets(name, kTokenChar)) return true;
    const auto is_it = [name](const std::string& field) { return is_same_field(name, field); };
    if (std::any_of(unkeyed.begin(), unkeyed.end(), is_it)) return true;
  }
  return false;
}

}  // namespace

void add_header_line(ResponseFacts& facts, std::string_view line) {
  const std::optional<Line> field = split(line);
  if (!field) {
    facts.contradictory = true;
    return;
  }
  note(facts, field->name, field->value);
  if (!is_passed(field->name, facts.status) || is_hop_by_hop(facts, field->name)) return;
  facts.passed.append(field->name).append(": ").append(field->value).append("\r\n");
}

void take_off_coding(ResponseFacts& facts) {
  facts.content_encoding.clear();
  facts.has_content_encoding = false;
  facts.content_length.reset();
  drop_passed(facts, [](std::string_view name) {
    return equals_ignoring_case(name, "Content-MD5") || equals_ignoring_case(name, "Digest") ||
           equals_ignoring_case(name, "Content-Digest") ||
           equals_ignoring_case(name, "Repr-Digest");
  });
}

const char* name_of(StoreVerdict verdict) {
  switch (verdict) {
    case StoreVerdict::storable:
      return "storable";
    case StoreVerdict::status:
      return "status";
    case StoreVerdict::set_cookie:
      return "set_cookie";
    case StoreVerdict::no_store:
      return "no_store";
    case StoreVerdict::is_private:
      return "private";
    case StoreVerdict::vary:
      return "vary";
    case StoreVerdict::partial:
      return "partial";
    case StoreVerdict::content_type:
      return "content_type";
    case StoreVerdict::encoding:
      return "encoding";
    case StoreVerdict::contradictory:
      return "contradictory";
    case StoreVerdict::too_large:
      return "too_large";
    case StoreVerdict::incomplete:
      return "incomplete";
    case StoreVerdict::malformed_json:
      return "malformed_json";
    case StoreVerdict::purged:
      return "purged";
    case StoreVerdict::secret_in_key:
      return "secret_in_key";
    case StoreVerdict::not_of_the_api:
      return "not_of_the_api";
  }
  return "unknown";
}

StoreVerdict may_store(const ResponseFacts& facts, Representation asked,
                       const std::vector<std::string>& unkeyed) {
  if (facts.contradictory) return StoreVerdict::contradictory;
  if (facts.status == 206 || facts.content_range) return StoreVerdict::partial;
  if (facts.status != 200 && facts.status != 404 && facts.status != 422)
    return StoreVerdict::status;
  if (facts.set_cookie) return StoreVerdict::set_cookie;
  if (facts.cache_control.no_store) return StoreVerdict::no_store;
  if (facts.cache_control.is_private) return StoreVerdict::is_private;
  if (varies_beyond_key(facts.vary, unkeyed)) return StoreVerdict::vary;
  if (!is_json(facts.content_type)) return StoreVerdict::content_type;
  if (!fits(facts.content_encoding, asked)) return StoreVerdict::encoding;
  if (facts.passed.size() > kMaxStoredFieldBytes) return StoreVerdict::too_large;
  return StoreVerdict::storable;
}

bool may_share(StoreVerdict verdict) {
  switch (verdict) {
    case StoreVerdict::storable:
    case StoreVerdict::too_large:
    case StoreVerdict::incomplete:
    case StoreVerdict::malformed_json:
    case StoreVerdict::purged:
    case StoreVerdict::secret_in_key:
    case StoreVerdict::not_of_the_api:
      return true;
    default:
      return false;
  }
}

bool is_origins_word(StoreVerdict verdict) {
  return verdict == StoreVerdict::set_cookie || verdict == StoreVerdict::no_store ||
         verdict == StoreVerdict::is_private || verdict == StoreVerdict::vary;
}

bool is_trouble(const ResponseFacts& facts) {
  const int status = facts.status;
  if (facts.contradictory || facts.content_range) return true;
  if (status >= 500 || status == 429 || status == 408 || status / 100 == 3) return true;
  if (status / 100 == 2 && status != 200) return true;
  return !is_json(facts.content_type);
}

}  // namespace larder
