// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "daemon/watch/count.h"

namespace larder {

/// How often a request took how long, from 50 us to half a minute. One thread adds, any reads.
class LatencyHistogram {
 public:
  static constexpr std::array<std::uint64_t, 14> kBoundsUs = {
      50,     100,     250,     500,       1'000,     2'500,      5'000,
      25'000, 100'000, 250'000, 1'000'000, 2'500'000, 10'000'000, 30'000'000};

  void add(std::uint64_t us) {
    std::size_t at = 0;
    while (at < kBoundsUs.size() && us > kBoundsUs[at]) ++at;
    counts_[at].add();
    sum_us_.add(us);
  }
  /// Those up to kBoundsUs[i] and above the bound before; at the end those above all.
  std::uint64_t count(std::size_t i) const { return counts_[i].get(); }
  std::uint64_t sum_us() const { return sum_us_.get(); }

 private:
  std::array<Count, kBoundsUs.size() + 1> counts_;
  Count sum_us_;
};

}  // namespace larder
