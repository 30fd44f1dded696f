// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace larder {

/// Where the body of an answer comes from when it is not sent whole with its head. One for each
/// answer, which sends it on whenever the socket has taken what came before. An asset file would be
/// another one of these.
class BodySource {
 public:
  enum class Step : std::uint8_t {
    more,    ///< the client or the source is waited for
    last,    ///< all of it is with the OutQueue
    broken,  ///< the rest is not to be had, or the socket is broken: the answer must be cut off
  };
  virtual ~BodySource() = default;
  /// Sends what there is, as far as the socket takes it.
  virtual Step send() = 0;
};

}  // namespace larder
