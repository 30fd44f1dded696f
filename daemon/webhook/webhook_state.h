// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace larder {

/// Where the connection of a webhook is. Legal moves:
///
///     head --> body --> purging --> answering --> lingering --> over
///      |        '----------------------^ |                        ^
///      '---------------------------------|------------------------'   (each one may end)
enum class WebhookState : std::uint8_t {
  head,       ///< the request's header has not come yet
  body,       ///< its body is coming
  purging,    ///< the purge is under way, nothing is answered yet
  answering,  ///< the answer is being written
  lingering,  ///< the answer is written; what still comes is dropped, so that the client reads it
  over,       ///< closing
};

bool is_legal(WebhookState from, WebhookState to);

}  // namespace larder
