// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "conf/base/result.h"

namespace larder {

struct ControlAnswer {
  int status = 0;
  std::string body;
};

/// One request to a daemon's admin socket, blocking for at most `timeout_s`. For larderctl.
/// Errors: unavailable (no daemon there, no right to ask it), timed_out.
Result<ControlAnswer> ask_daemon(const std::string& socket_path, const std::string& method,
                                 const std::string& target, long timeout_s);

/// As ask_daemon(), but the body of an answer with 200 goes to `take`, piece by piece, for as long
/// as it comes: an error only when `silence_s` go by without a byte. `take` may end it: its error
/// is that of the call.
Result<ControlAnswer> stream_from_daemon(const std::string& socket_path, const std::string& method,
                                         const std::string& target, long silence_s,
                                         const std::function<Result<void>(std::string_view)>& take);

/// `text` as a value in a query string.
std::string query_value(const std::string& text);

}  // namespace larder
