// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cache/request/request.h"
#include "conf/base/clock.h"

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
  std::string_view date;
  std::int64_t age_s = -1;        ///< -1 = no Age field: the answer comes from the origin
  std::string_view cache_status;  ///< RFC 9211, without the field's name
  bool close = false;
};

/// Appends Date, Age, Cache-Status and Connection, then the blank line.
void append_head_tail(std::string& out, const HeadTail& tail);

/// Body of an error in the API's own shape: `{"error_message":…,"error_code":…,"errors":{…}}`.
std::string error_body(const Refusal& refusal);

/// A whole error answer; `with_body` false for HEAD.
std::string error_answer(const Refusal& refusal, std::string_view date, bool close, bool with_body);

/// The answer to a CORS preflight: the delivery API is open to any origin and is read-only.
std::string preflight_answer(std::string_view date, bool close);

}  // namespace larder
