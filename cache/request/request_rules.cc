// SPDX-License-Identifier: Apache-2.0
#include "cache/request/request_rules.h"

#include "cache/http/accept_encoding.h"
#include "cache/request/query_string.h"
#include "conf/base/octets.h"
#include "conf/instance.h"

namespace larder {
namespace {

constexpr std::size_t kMaxFields = 64;
constexpr std::size_t kMaxFieldBytes = 8 * 1024;  // of a field that larder reads
constexpr std::size_t kFieldOverhead = 4;         // ": " and CRLF

/// True = it has been at this larder before, or at more of them than are set up in any row.
bool is_looped(std::string_view cdn_loop, const std::string& own_name, unsigned& larders) {
  while (!cdn_loop.empty()) {
    const std::string_view name = take_loop_name(cdn_loop);
    if (!is_larder_name(name)) continue;
    if (name == own_name || ++larders > kMaxLardersInARow) return true;
  }
  return false;
}

bool is_port(std::string_view text) {
  if (text.size() > 5) return false;
  unsigned port = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return port <= 65535;
}

/// RFC 3986 section 3.2.2, without user information, escapes and commas; not empty.
bool is_authority(std::string_view host) {
  if (!host.empty() && host.front() == '[') {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    if (host.substr(1, end - 1).find_first_not_of("0123456789abcdefABCDEF:.") !=
        std::string_view::npos) {
      return false;
    }
    const std::string_view rest = host.substr(end + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const std::size_t colon = host.find(':');
  const std::string_view name = host.substr(0, colon);
  return !name.empty() && all_octets(name, kHostChar) &&
         (colon == std::string_view::npos || is_port(host.substr(colon + 1)));
}

std::optional<Refusal> check_host(const RequestView& request, const Sighting& host) {
  if (host.count > 1) return refuse_and_close(400, "More than one Host field: send one.");
  if (host.count == 0) {
    if (request.version_minor == 0) return std::nullopt;
    return refuse_and_close(400, "The Host field is missing: HTTP/1.1 requires it.");
  }
  if (!is_authority(host.value)) return refuse_and_close(400, "The Host field names no host.");
  return std::nullopt;
}

std::optional<Refusal> check_no_body(const Sightings& fields) {
  const Sighting& encoding = fields[static_cast<std::size_t>(FieldId::transfer_encoding)];
  const Sighting& length = fields[static_cast<std::size_t>(FieldId::content_length)];
  if (encoding.count > 0) {
    return refuse_and_close(400, "Transfer-Encoding is not accepted: requests have no body.");
  }
  if (length.count > 1) return refuse_and_close(400, "More than one Content-Length field.");
  if (length.count == 0 || length.value == "0") return std::nullopt;
  const bool number = !length.value.empty() && length.value.front() != '0' &&
                      length.value.find_first_not_of("0123456789") == std::string_view::npos;
  if (!number) return refuse_and_close(400, "Content-Length is not a number.");
  return refuse_and_close(400, "The request has a body: send it without one.");
}

/// The part of an absolute-form target (RFC 9112 section 3.2.2) that is not the scheme.
std::optional<std::string_view> behind_scheme(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (equals_ignoring_case(target.substr(0, scheme.size()), scheme)) {
      return target.substr(scheme.size());
    }
  }
  return std::nullopt;
}

/// Octets and escapes of the path, and no segment that another reader of the path may take for
/// something else.
const char* fault_in_path(std::string_view path) {
  constexpr const char* kSegments = "The path has an empty, `.` or `..` segment.";
  std::size_t segment = 0;  // decoded octets of the segment so far
  std::size_t dots = 0;     // of them, dots
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (c == '/') {
      if (i > 0 && segment == dots && segment <= 2) return kSegments;
      segment = dots = 0;
      continue;
    }
    if (c == '%') {
      const int octet = percent_value(path.substr(i));
      if (octet < 0) return "The path has a `%` that is not followed by two hex digits.";
      c = static_cast<char>(octet);
      if (c == '/' || c == '\\' || is_octet(c, kControl)) {
        return "The path has an encoded slash, backslash or control character.";
      }
      i += 2;
    } else if (!is_octet(c, kPathChar)) {
      return "The path has a character that must be percent-encoded.";
    }
    ++segment;
    if (c == '.') ++dots;
  }
  const bool ends_in_dots = segment > 0 && segment == dots && segment <= 2;
  return ends_in_dots ? kSegments : nullptr;
}

}  // namespace

std::string_view take_loop_name(std::string_view& cdn_loop) {
  const std::string_view element = take_list_element(cdn_loop);
  return trim(element.substr(0, element.find(';')));
}

std::optional<Refusal> survey_header(const RequestView& request, const ServerConfig& limits,
                                     HeaderSurvey& survey) {
  if (request.headers.size() > kMaxFields) {
    return refuse_and_close(431, "More than 64 header fields.");
  }
  std::size_t bytes = 0;
  AcceptedEncodings accepted;
  unsigned larders = 0;
  for (const HeaderView& header : request.headers) {
    const std::size_t size = header.name.size() + header.value.size() + kFieldOverhead;
    bytes += size;
    if (bytes > limits.max_header_bytes) {
      return refuse_and_close(431, "The header is larger than server.max_header.");
    }
    const FieldId id = field_of(header.name);
    if (static_cast<std::size_t>(id) >= kReadFieldCount) continue;
    if (size > kMaxFieldBytes) {
      return refuse_and_close(431, "A header field that larder reads is larger than 8 KiB.");
    }
    Sighting& sighting = survey.fields[static_cast<std::size_t>(id)];
    if (sighting.count++ == 0) sighting.value = header.value;
    if (id == FieldId::accept_encoding) accepted.add(header.value);
    if (id == FieldId::cdn_loop && is_looped(header.value, larder_name(limits), larders)) {
      survey.looped = true;
    }
  }
  if (accepted.gzip()) survey.representation = Representation::gzip;
  return std::nullopt;
}

std::optional<Refusal> check_framing(const RequestView& request, const HeaderSurvey& survey) {
  if (request.version_major != 1 || request.version_minor < 0 || request.version_minor > 1) {
    return refuse_and_close(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
  }
  const Sightings& fields = survey.fields;
  if (auto bad = check_host(request, fields[static_cast<std::size_t>(FieldId::host)])) return bad;
  if (request.method == Method::other) {
    return refuse_and_close(405, "Only GET, HEAD and OPTIONS are accepted.", Reason::method);
  }
  if (auto bad = check_no_body(fields)) return bad;
  if (fields[static_cast<std::size_t>(FieldId::expect)].count > 0) {
    return refuse_and_close(417, "Expect is not accepted: requests have no body.");
  }
  if (survey.looped) {
    return refuse(508, Reason::looped,
                  "The request has been at this larder before, or at more than 8: the configured "
                  "delivery or preview host leads back here.");
  }
  return std::nullopt;
}

std::optional<Refusal> check_target(std::string_view target, std::string_view host,
                                    TargetParts& parts) {
  if (target.empty() || target.front() != '/') {
    const auto rest = behind_scheme(target);
    if (!rest) return refuse_and_close(400, "The request target must be a path.");
    const std::size_t end = rest->find_first_of("/?#");
    parts.authority = rest->substr(0, end);
    if (host.empty() || !equals_ignoring_case(parts.authority, host)) {
      return refuse_and_close(400, "The request target names another host than Host.");
    }
    target = end == std::string_view::npos ? std::string_view{} : rest->substr(end);
  }
  const std::size_t mark = target.find('?');
  parts.path = target.substr(0, mark);
  parts.query = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
  if (parts.path.empty()) parts.path = "/";
  if (const char* fault = fault_in_path(parts.path)) return refuse_and_close(400, fault);
  return std::nullopt;
}

std::optional<Refusal> survey_query(std::string_view query, QuerySurvey& survey) {
  for (std::size_t i = 0; i < query.size(); ++i) {
    if (is_octet(query[i], kQueryChar)) continue;
    if (query[i] != '%') {
      return refuse_and_close(
          400,
          "The query has an octet that must be percent-encoded: <, >, #, blanks, "
          "control characters, and characters beyond ASCII as UTF-8.");
    }
    const int octet = percent_value(query.substr(i));
    if (octet < 0) {
      return refuse_and_close(400, "The query has a `%` that is not followed by two hex digits.");
    }
    if (octet == 0) return refuse_and_close(400, "The query has an encoded NUL.");
    i += 2;
  }
  QueryPair pair;
  while (take_pair(query, pair)) {
    const QueryName name = query_name(pair.name);
    if (name.id == FieldId::none) continue;
    if (name.bracketed) survey.bracketed = true;
    Sighting& sighting = survey.fields[static_cast<std::size_t>(name.id)];
    if (sighting.count++ == 0) sighting.value = pair.value;
  }
  return std::nullopt;
}

}  // namespace larder
