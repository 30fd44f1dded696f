// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

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

/// `text` as a value in a query string.
std::string query_value(const std::string& text);

}  // namespace larder
