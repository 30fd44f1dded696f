// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/http/cache_control.h"
#include "cache/http/representation.h"
#include "conf/base/clock.h"

/// What an origin's answer says, what of it is passed on, and whether it may be stored. Pure.
namespace larder {

enum class Vary : std::uint8_t {
  none,
  accept_encoding,  ///< the only name that is keyed
  other,            ///< `*` or any other name: never stored
};

/// The header of an origin's answer, gathered line by line. Owns its strings.
struct ResponseFacts {
  int status = 0;
  std::string content_type;
  std::string content_encoding;
  bool has_content_type = false;  ///< came, if only empty
  bool has_content_encoding = false;
  std::optional<std::uint64_t> content_length;
  CacheControl cache_control;
  Vary vary = Vary::none;
  bool set_cookie = false;
  bool content_range = false;
  bool contradictory =
      false;  ///< two Content-Length or Content-Type that differ, bad numbers: not to be trusted
  std::int64_t age_s = 0;
  std::optional<WallTime> date;
  std::optional<WallTime> expires;  ///< unparsable = in the past
  std::optional<std::int64_t> retry_after_s;
  std::string passed;  ///< `Name: value\r\n` of the allow-listed fields that go to clients as they
                       ///< are, in order, without Content-Type, Content-Encoding, Content-Length,
                       ///< Vary, ETag, Age, Date
  std::string cache_control_text;
  std::string hop_by_hop;  ///< names that Connection gave, lower case, each between commas
};

/// Adds one header line (without CRLF). Lines with control bytes, or a name that is no token, set
/// `contradictory`. The allow-list: Access-Control-*, Cache-Control, Expires, Last-Modified,
/// Content-Language, x-contentstack-organization, x-cs-*, x-runtime, cache-tag, Retry-After (errors
/// only), WWW-Authenticate. Never: Set-Cookie, x-ratelimit-*, x-request-id, x-timer, x-served-by,
/// x-cache*, Via, hop-by-hop fields and those that Connection names.
void add_header_line(ResponseFacts& facts, std::string_view line);

/// Why an answer was not stored; `stored` = it was.
enum class StoreVerdict : std::uint8_t {
  storable,
  status,
  set_cookie,
  no_store,
  is_private,
  vary,
  partial,
  content_type,
  encoding,
  contradictory,
  too_large,
  incomplete,
  malformed_json,
  purged,
  secret_in_key,
};
const char* name_of(StoreVerdict verdict);

/// Judges the header alone: only 200, 404 and 422 with Content-Type application/json (parameters
/// allowed), identity or the gzip that was asked for. Not 401, 403, 412, 429, 5xx or anything else.
StoreVerdict may_store(const ResponseFacts& facts, Representation asked);

/// True when a transfer of this answer may be shared between waiters: storable by its header, and
/// not stored, if so, for its size, its content or a purge, which only the end can tell.
bool may_share(StoreVerdict verdict);

/// Header blocks as they are stored and sent: `Name: value\r\n` lines, no status line, no blank
/// line. `entity` goes with bodies (and HEAD) only, `shared` also with 304.
struct HeadBlocks {
  std::string entity;  ///< Content-Type, Content-Encoding, Content-Length when known
  std::string shared;  ///< ETag when known, Vary, passed fields
};
/// `etag` = quoted text or empty; `body_length` nullopt = not known yet.
HeadBlocks build_head_blocks(const ResponseFacts& facts, std::string_view etag,
                             std::optional<std::uint64_t> body_length);

/// `HTTP/1.1 200 OK\r\n`; static text for every status that larder sends, else a generic phrase.
std::string_view status_line(int status);

}  // namespace larder
