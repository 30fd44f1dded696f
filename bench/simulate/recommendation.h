// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "bench/simulate/simulation_grid.h"

namespace larder::bench {

/// Which of the simulated sizes to take, and what others would bring, in words.
struct Recommendation {
  const GridCell* cell = nullptr;  ///< null: larder's policy was not simulated
  std::string cache_size;  ///< for the configuration: "512MiB"; empty: the trace has no sizes
  bool enough = false;  ///< what it misses beyond what any cache must is little; else: the largest
  std::string text;
};

/// The smallest size that answers `kEnough` of the requests that a cache without a bound would.
inline constexpr double kEnough = 0.95;
Recommendation recommend(const Trace& trace, const std::vector<GridCell>& cells);

/// "12.3 %"
std::string percent_text(double part, int digits = 1);

/// "1,234,567"
std::string grouped_text(std::uint64_t number);

}  // namespace larder::bench
