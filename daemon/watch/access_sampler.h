// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace larder {

/// Which requests of one worker are lines of the access log, decided by a hash of a counter: what
/// comes in turns is met alike, and no clock is read. Not thread-safe.
class AccessSampler {
 public:
  /// `seed`: another one for each worker, so that they do not choose in step.
  explicit AccessSampler(std::uint64_t seed) : counter_(seed) {}

  /// The share of requests like the next one that are lines: how often each line counts is 1 /
  /// that. 0 = this one is no line. Errors always are. `fraction`: log.access_sample, 0 to 1.
  double take(double fraction, bool is_error) {
    if (is_error || fraction >= 1) return 1;
    return next() < fraction ? fraction : 0;
  }

 private:
  /// At least 0, below 1: SplitMix64.
  double next() {
    std::uint64_t hash = counter_ += 0x9E3779B97F4A7C15u;
    hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9u;
    hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBu;
    hash ^= hash >> 31;
    return static_cast<double>(hash >> 11) * 0x1p-53;
  }

  std::uint64_t counter_;
};

}  // namespace larder
