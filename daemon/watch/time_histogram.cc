// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/time_histogram.h"

#include <algorithm>

namespace larder {

void TimeHistogram::add(std::int64_t ms) {
  const auto at = std::lower_bound(kBoundsMs.begin(), kBoundsMs.end(), ms);
  counts_[static_cast<std::size_t>(at - kBoundsMs.begin())].add();
  sum_ms_.add(static_cast<std::uint64_t>(ms));
}

std::string TimeHistogram::json() const {
  std::string out = "[";
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (i > 0) out += ",";
    out += "[" + (i < kBoundsMs.size() ? std::to_string(kBoundsMs[i]) : "null") + "," +
           std::to_string(count(i)) + "]";
  }
  return out + "]";
}

}  // namespace larder
