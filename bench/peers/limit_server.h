// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// Both loops of limit-server. A request is the blank line that ends it: one that comes in two
/// pieces with the blank line cut in half goes unanswered, which no load generator here does.
namespace larder::bench {

inline constexpr std::size_t kLimitReadBuffer = 64 * 1024;

/// Answers of one length. One is hot in the processor's caches, as nothing of a real store's size
/// can be; of several the request's bytes choose.
class PrebuiltAnswers {
 public:
  PrebuiltAnswers(std::size_t body_bytes, std::size_t copies);
  const std::string& to(std::string_view request) const {
    if (all_.size() == 1) return all_.front();
    return all_[std::hash<std::string_view>()(request) % all_.size()];
  }

 private:
  std::vector<std::string> all_;
};

/// Over libuv, as larderd: what the ratios to "the limit" are meant against.
void serve_with_libuv(int listening, const PrebuiltAnswers& answers);
/// Straight over epoll.
void serve_with_epoll(int listening, const PrebuiltAnswers& answers);

}  // namespace larder::bench
