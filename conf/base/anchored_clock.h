// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "conf/base/clock.h"

namespace larder {

/// Wall time by which freshness is judged. It is carried on by the monotonic clock, which a suspend
/// does not stop, and never goes back while the daemon runs. When the system's clock is ahead of it
/// by more than a second (a start before NTP), it follows at once. When the system's clock is set
/// back, it goes on as it is: what has been stored keeps its age, and setting the clock back
/// revives nothing. ahead_ms() then converts the dates of others. Any thread.
class AnchoredClock {
 public:
  static constexpr std::int64_t kTolerance_ms = 1'000;

  AnchoredClock() : AnchoredClock(wall_now(), monotonic_now()) {}
  AnchoredClock(WallTime wall, MonotonicTime now) : offset_ms_(wall.ms - now.ms) {}

  WallTime at(MonotonicTime now) const {
    return {now.ms + offset_ms_.load(std::memory_order_relaxed)};
  }
  WallTime now() const { return at(monotonic_now()); }
  /// By how much it is ahead of the system's clock, as of the last follow(); 0 within the
  /// tolerance.
  std::int64_t ahead_ms() const { return ahead_ms_.load(std::memory_order_relaxed); }

  /// Compares with the system's clock; about once a second, one thread. By how many milliseconds
  /// it has jumped.
  std::int64_t follow(WallTime wall, MonotonicTime now) {
    const std::int64_t behind = wall.ms - at(now).ms;
    ahead_ms_.store(-behind > kTolerance_ms ? -behind : 0, std::memory_order_relaxed);
    if (behind <= kTolerance_ms) return 0;
    offset_ms_.store(wall.ms - now.ms, std::memory_order_relaxed);
    return behind;
  }

 private:
  std::atomic<std::int64_t> offset_ms_;
  std::atomic<std::int64_t> ahead_ms_{0};
};

}  // namespace larder
