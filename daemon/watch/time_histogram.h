// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "daemon/watch/count.h"

namespace larder {

/// How often something took how long, from a tenth of a second to a quarter of an hour. One thread
/// adds, any reads.
class TimeHistogram {
 public:
  static constexpr std::array<std::int64_t, 9> kBoundsMs = {100,    250,    500,     1'000,  2'500,
                                                            10'000, 60'000, 300'000, 900'000};

  /// Not negative.
  void add(std::int64_t ms);
  /// Those up to kBoundsMs[i] and above the bound before; at the end those above all.
  std::uint64_t count(std::size_t i) const { return counts_[i].get(); }
  /// `[[100,N],[250,N],...,[null,N]]`: each bound in ms, and how many up to it and above the one
  /// before.
  std::string json() const;
  std::int64_t sum_ms() const { return static_cast<std::int64_t>(sum_ms_.get()); }

 private:
  std::array<Count, kBoundsMs.size() + 1> counts_;
  Count sum_ms_;
};

}  // namespace larder
