// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "daemon/watch/count.h"

namespace larder {

/// How often something took how long, from a microsecond to two minutes, in steps of a quarter of
/// each power of two: a quantile out of it is right to a fifth. One thread adds, any reads.
class LatencyHistogram {
 public:
  static constexpr std::size_t kBuckets = 104;

  /// Some of bound_us(), for who wants few.
  static constexpr std::array<std::uint64_t, 14> kFewBoundsUs = {
      64,     128,     256,     512,       1'024,     2'048,     4'096,
      32'768, 131'072, 262'144, 1'048'576, 2'097'152, 8'388'608, 33'554'432};

  void add(std::uint64_t us, std::uint64_t times = 1) {
    counts_[bucket_of(us)].add(times);
    sum_us_.add(us * times);
  }
  std::uint64_t sum_us() const { return sum_us_.get(); }
  std::uint64_t count(std::size_t bucket) const { return counts_[bucket].get(); }

  /// What is longer than the last one's bound counts as that.
  static std::size_t bucket_of(std::uint64_t us);
  /// In microseconds: all in it are below that.
  static std::uint64_t bound_us(std::size_t bucket);

 private:
  std::array<Count, kBuckets> counts_;
  Count sum_us_;
};

/// `[[BOUND_US,COUNT],...]` of all of them together, of the buckets that have any. Pure.
std::string latency_json(std::span<const LatencyHistogram* const> histograms);

}  // namespace larder
