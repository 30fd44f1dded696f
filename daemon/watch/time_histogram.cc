// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/time_histogram.h"

#include <algorithm>

namespace larder {

void TimeHistogram::add(std::int64_t ms) {
  const auto at = std::lower_bound(kBoundsMs.begin(), kBoundsMs.end(), ms);
  counts_[static_cast<std::size_t>(at - kBoundsMs.begin())].add();
  sum_ms_.add(static_cast<std::uint64_t>(ms));
}

}  // namespace larder
