// SPDX-License-Identifier: Apache-2.0
#include "upstream/token_bucket.h"

#include <algorithm>
#include <cmath>

namespace larder {

/// No time counts while it is paused.
void TokenBucket::advance(const Bounds& bounds, MonotonicTime now) {
  const auto from_ms = std::max(at_.ms, paused_until_.ms);
  const double passed_s = static_cast<double>(std::max<std::int64_t>(0, now.ms - from_ms)) / 1'000;
  at_.ms = std::max(at_.ms, now.ms);
  part_ = std::min(1.0, part_ + passed_s * kGrowthPerS);
  const double most = std::max(1.0, bounds.burst * part_);
  left_ = std::min(most, left_ + passed_s * bounds.per_second * part_);
}

Milliseconds TokenBucket::wait_ms(const Bounds& bounds, MonotonicTime now) {
  advance(bounds, now);
  const auto paused_ms = std::max<Milliseconds>(0, paused_until_.ms - now.ms);
  if (left_ >= 1) return paused_ms;
  const double missing_ms = (1 - left_) * 1'000 / (bounds.per_second * part_);
  return paused_ms + static_cast<Milliseconds>(std::ceil(missing_ms));
}

void TokenBucket::refuse(const Bounds& bounds, MonotonicTime until, MonotonicTime now) {
  advance(bounds, now);
  paused_until_.ms = std::max(paused_until_.ms, until.ms);
  left_ = std::min(left_, 0.0);
  if (now.ms - refused_at_.ms < kOneRefusalMs) return;
  refused_at_ = now;
  part_ = std::max(kLeastPart, part_ / 2);
}

}  // namespace larder
