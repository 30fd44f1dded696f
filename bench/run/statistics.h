// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace larder::bench {

/// 0 of none.
double median(std::vector<double> values);

/// The median of the ratios of what lies in the same place of both: rounds that follow each other
/// closely, so that a ratio holds still when the machine does not. Places with a 0 below are left
/// out.
double median_ratio(const std::vector<double>& of, const std::vector<double>& to);

}  // namespace larder::bench
