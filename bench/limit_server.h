// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

/// Both loops of limit-server. A request is the blank line that ends it: one that comes in two
/// pieces with the blank line cut in half goes unanswered, which no load generator here does.
namespace larder::bench {

inline constexpr std::size_t kLimitReadBuffer = 64 * 1024;

/// Over libuv, as larderd: what the ratios to "the limit" are meant against.
void serve_with_libuv(int listening, const std::string& answer);
/// Straight over epoll.
void serve_with_epoll(int listening, const std::string& answer);

}  // namespace larder::bench
