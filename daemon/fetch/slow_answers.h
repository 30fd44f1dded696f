// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "conf/config.h"

namespace larder {

/// An answer that passes through and has waited for its client to read on.
struct SlowAnswer {
  std::string host;    ///< whose place it holds
  std::string client;  ///< client_group(); empty = not counted by client
  Milliseconds waited = 0;
};

/// An answer whose client has once been so slow counts as slow until its end.
inline constexpr Milliseconds kSlowAnswerMs = 1'000;

/// Those to cut off, by their index: of one client beyond `most_of_client`, then of one host beyond
/// `most_of_host`, the longest waits first. So slow readers leave places for others. Pure.
std::vector<std::size_t> slow_beyond(const std::vector<SlowAnswer>& slow,
                                     std::size_t most_of_client, std::size_t most_of_host);

}  // namespace larder
