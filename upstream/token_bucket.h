// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conf/base/clock.h"
#include "conf/config.h"

namespace larder {

/// How many requests may start: `per_second` in the long run, `burst` of them in one go. After an
/// origin has refused one as too many, none for as long as it says, and then a smaller part of
/// both: half of the part of before, a sixteenth at least. The part grows by a twentieth of the
/// whole each second. Pure.
class TokenBucket {
 public:
  struct Bounds {
    double per_second = 0;
    double burst = 1;
  };
  static constexpr double kLeastPart = 1.0 / 16;
  static constexpr double kGrowthPerS = 1.0 / 20;
  static constexpr Milliseconds kOneRefusalMs = 1'000;

  /// A full one.
  TokenBucket(const Bounds& bounds, MonotonicTime now) : left_(bounds.burst), at_(now) {}

  /// 0 = one may start now; else in so long, unless others start before.
  Milliseconds wait_ms(const Bounds& bounds, MonotonicTime now);
  /// One starts.
  void take() { left_ -= 1; }
  /// The origin has said that there were too many, and wants to be left alone until `until`. What
  /// it says within kOneRefusalMs counts as one refusal.
  void refuse(const Bounds& bounds, MonotonicTime until, MonotonicTime now);

  MonotonicTime used_at() const { return at_; }
  double part() const { return part_; }

 private:
  void advance(const Bounds& bounds, MonotonicTime now);

  double left_;
  double part_ = 1;  ///< of the bounds
  MonotonicTime at_;
  MonotonicTime paused_until_;
  MonotonicTime refused_at_{-kOneRefusalMs};
};

}  // namespace larder
