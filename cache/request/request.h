// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "cache/request/reason.h"

/// HTTP request values as the rest of larder sees them. All views borrow from the connection's
/// input buffer, or from its worker's memo, and end with the request's turn.
namespace larder {

enum class Method : std::uint8_t { get, head, options, other };

struct HeaderSurvey;

struct HeaderView {
  std::string_view name;   ///< as received, any case
  std::string_view value;  ///< without surrounding blanks
};

/// One parsed request, after llhttp and before any rule of ours.
struct RequestView {
  Method method = Method::other;
  int version_major = 1;
  int version_minor = 1;
  std::string_view target;  ///< as received
  /// All; of a header block that is known, those that somebody reads (daemon/http1/known_header.h).
  std::span<const HeaderView> headers;
  /// The same number, the same fields of those that somebody reads; 0 = nothing is known of it.
  std::uint64_t header_id = 0;
  const HeaderSurvey* survey = nullptr;  ///< of these headers, when there is one already
  std::string_view request_id = {};      ///< the first X-Request-Id, as sent; empty = none
  std::string_view trace_parent = {};    ///< the only traceparent, as sent; empty = none, or more
};

/// A request that larder answers itself with an error. `cause` is a literal or static text: it
/// names what is wrong and what to do, and never quotes what the client sent.
struct Refusal {
  int status = 400;
  int error_code = 0;      ///< `error_code` of the JSON body, in Contentstack's numbering
  const char* cause = "";  ///< `error_message` of the JSON body
  const char* field = "";  ///< key inside `errors`, empty = none
  bool close = false;      ///< framing can no longer be trusted: close after the answer
  Reason reason = Reason::malformed;
  const char* detail = "refused";  ///< in Cache-Status
  const char* fwd = "";            ///< in Cache-Status: why an origin was asked; empty = none was
  std::int64_t retry_after_s = 0;  ///< 0 = no Retry-After
};

}  // namespace larder
