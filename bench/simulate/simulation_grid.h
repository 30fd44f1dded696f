// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "bench/simulate/cache_size.h"
#include "bench/simulate/simulation.h"

namespace larder::bench {

/// What is to be simulated with each trace: all policies at all sizes.
struct GridPlan {
  std::vector<CacheSize> sizes;
  std::vector<const PolicyChoice*> policies;
  Budget::Charge charge = Budget::Charge::bytes;
  std::optional<double> low_water;  ///< instead of the budget's
  Mishaps mishaps;
  unsigned threads = 1;
};

/// One policy at one size.
struct GridCell {
  CacheSize size;
  std::uint64_t bytes = 0;  ///< what the size is in bytes: of bodies, or cache.size
  Budget budget;
  const PolicyChoice* policy = nullptr;
  SimulationResult result;
  std::optional<SimulationResult> undisturbed;  ///< the same without the restart, if there is one
  double seconds = 0;                           ///< of CPU
};

/// Takes the sizes that no larderd would take as cache.size out of `plan`, and returns them: with
/// Charge::store those below kLeastCacheBytes; of bytes alone, those of none. Throws BenchError
/// where no size is left.
std::vector<CacheSize> take_out_too_small(GridPlan& plan, std::uint64_t footprint_bytes);

/// Size by size, and policy by policy within each. `tell` hears how far it is, 0 to 1, in the
/// caller's thread. Throws Interrupted.
std::vector<GridCell> simulate_grid(const Trace& trace, const GridPlan& plan,
                                    const std::function<void(double)>& tell);

}  // namespace larder::bench
