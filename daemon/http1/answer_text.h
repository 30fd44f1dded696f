// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cache/request/request.h"
#include "conf/base/clock.h"
#include "conf/config.h"

/// The text of answers that is made at the moment of answering. Pure.
namespace larder {

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7), formatted once a second.
class DateText {
 public:
  /// The view is good until the next call.
  std::string_view at(WallTime now);

 private:
  std::int64_t second_ = -1;
  std::string text_;
};

/// What the last fields of a head say.
struct HeadTail {
  std::string_view date;          ///< empty = the head has one already
  std::int64_t age_s = -1;        ///< -1 = no Age field: the answer comes from the origin
  std::string_view cache_status;  ///< RFC 9211, without the field's name
  bool close = false;
  std::string_view keep_alive = {};  ///< keep_alive_lines(), unless `close`
  std::string_view request_id = {};  ///< empty = no X-Request-Id
};

/// `Keep-Alive: timeout=N` (RFC 2068 section 19.7.1.1), which Connection has to name (RFC 9110
/// section 7.6.1): a second less than the idle time-out, so that a client sends nothing into a
/// connection that is about to close. Empty when N would be 0.
std::string keep_alive_lines(Milliseconds idle_timeout);

/// Appends Date, Age, Cache-Status, X-Request-Id and Connection or Keep-Alive, then the blank line.
void append_head_tail(std::string& out, const HeadTail& tail);

/// Body of an error in the API's own shape: `{"error_message":…,"error_code":…,"errors":{…}}`.
std::string error_body(const Refusal& refusal);

/// A whole error answer; `with_body` false for HEAD.
std::string error_answer(const Refusal& refusal, std::string_view date, bool close, bool with_body,
                         std::string_view keep_alive = {}, std::string_view request_id = {});

/// The answer to a CORS preflight: the delivery API is open to any origin and is read-only.
/// `asked`: the value of Access-Control-Request-Headers. Names in it are allowed, at most 64 of
/// them and 1 KiB; what is no token is left out. Without any, the fields that larder knows are
/// named.
std::string preflight_answer(std::string_view asked, std::string_view date, bool close,
                             std::string_view keep_alive = {}, std::string_view request_id = {});

}  // namespace larder
