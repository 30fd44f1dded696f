// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

namespace larder {

/// When to try again what has failed: after 1 s, then 2 s, then every 4 s. Takes the time, reads no
/// clock.
class RetryPause {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kFirst{1};
  static constexpr std::chrono::seconds kLongest{4};

  bool due(Clock::time_point now) const { return !failing() || now >= again_at_; }
  bool failing() const { return pause_ != std::chrono::seconds{0}; }
  void failed(Clock::time_point now) {
    pause_ = failing() ? std::min(2 * pause_, kLongest) : kFirst;
    again_at_ = now + pause_;
  }
  void succeeded() { pause_ = std::chrono::seconds{0}; }

 private:
  std::chrono::seconds pause_{0};
  Clock::time_point again_at_{};
};

}  // namespace larder
