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

/// The header of an origin's answer, gathered line by line. Owns its strings.
struct ResponseFacts {
  int status = 0;
  std::string content_type;
  std::string content_encoding;
  bool has_content_type = false;  ///< came, if only empty
  bool has_content_encoding = false;
  std::optional<std::uint64_t> content_length;
  CacheControl cache_control;
  std::string vary;  ///< of all its lines, as the origin wrote it
  bool set_cookie = false;
  bool content_range = false;
  bool contradictory =
      false;  ///< two Content-Length or Content-Type that differ, bad numbers: not to be trusted
  bool has_age = false;
  std::int64_t age_s = 0;  ///< by the first Age line; 0 where that is no number
  std::optional<WallTime> date;
  std::string date_text;            ///< as it came, where `date` could be read
  std::optional<WallTime> expires;  ///< unparsable = in the past
  std::optional<std::int64_t> retry_after_s;
  std::string passed;      ///< `Name: value\r\n` of the fields that go to clients as they are, in
                           ///< order, without those that HeadBlocks and the answer's end write
  std::string hop_by_hop;  ///< names that Connection gave, lower case, each between commas
};

/// Adds one header line (without CRLF). Lines with control bytes, or a name that is no token, set
/// `contradictory`. Every end-to-end field is passed on (RFC 9111 section 3.1) but those that would
/// mislead when they are replayed: `kNotReplayed` in response.cc, fields that hold credentials, and
/// those that Connection names. Retry-After goes with errors only.
void add_header_line(ResponseFacts& facts, std::string_view line);

/// The body was decoded on its way: what told of its coded form goes.
void take_off_coding(ResponseFacts& facts);

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
  not_of_the_api,  ///< a 200 with `{}` or an error document
};
const char* name_of(StoreVerdict verdict);

/// Judges the header alone: only 200, 404 and 422 with Content-Type application/json (parameters
/// allowed), identity or the gzip that was asked for. Not 401, 403, 412, 429, 5xx or anything else.
/// `unkeyed` = request fields that went to the origin without being in the key: an answer that
/// varies on one of them, or on `*`, is nobody's to reuse. Any other field that Vary names is in
/// the key, or was never sent, and cannot have changed the answer.
StoreVerdict may_store(const ResponseFacts& facts, Representation asked,
                       const std::vector<std::string>& unkeyed);

/// True when a transfer of this answer may be shared between waiters: storable by its header, and
/// not stored, if so, for its size, its content or a purge, which only the end can tell.
bool may_share(StoreVerdict verdict);

/// The origin says itself that this answer is for one client: the next one will be alike.
bool is_origins_word(StoreVerdict verdict);

/// No answer about content, but trouble on the way: whoever has a stale object gets that instead.
/// 5xx, 429, 408, a redirect, a 2xx that the API does not use, a part, a 200 or a 4xx that is not
/// JSON, a header that contradicts itself.
bool is_trouble(const ResponseFacts& facts);

/// Header blocks as they are stored and sent: `Name: value\r\n` lines, no status line, no blank
/// line. `entity` goes with bodies (and HEAD) only, `shared` also with 304.
struct HeadBlocks {
  std::string entity;  ///< Content-Type, Content-Encoding, Content-Length when known
  std::string shared;  ///< ETag when known, Vary, Date when known, passed fields
};
/// `etag` = quoted text or empty; `body_length` nullopt = not known yet. Vary is the origin's own,
/// with Accept-Encoding, by which larder chooses. `date` stands in where the origin sent none
/// (RFC 9110 section 6.6.1); empty = not known yet.
HeadBlocks build_head_blocks(const ResponseFacts& facts, std::string_view etag,
                             std::optional<std::uint64_t> body_length, std::string_view date);

/// `HTTP/1.1 200 OK\r\n`; static text for every status that larder sends, else a generic phrase.
std::string_view status_line(int status);

}  // namespace larder
