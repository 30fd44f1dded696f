// SPDX-License-Identifier: Apache-2.0
#include "bench/run/statistics.h"

#include <algorithm>

namespace larder::bench {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double median_ratio(const std::vector<double>& of, const std::vector<double>& to) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(of.size(), to.size()); ++i) {
    if (to[i] > 0) ratios.push_back(of[i] / to[i]);
  }
  return median(std::move(ratios));
}

}  // namespace larder::bench
