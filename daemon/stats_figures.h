// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "daemon/stats_sample.h"

namespace larder {

/// Of what happened between two samples. Groups of outcomes and the hit rate are as the status page
/// has them (daemon/admin/page/figures.js).
struct StatsFigures {
  struct Group {
    const char* name = "";
    double per_s = 0;
  };
  struct Times {
    std::optional<std::uint64_t> p50_us, p99_us;  ///< nothing = no request was timed
  };
  double seconds = 0;
  double requests_per_s = 0;
  std::array<Group, 6> groups;     ///< hit, stale, miss, passed, refused, failed
  std::optional<double> hit_rate;  ///< 0 to 1; nothing = no request that the store may answer
  std::optional<double> hit_rate_since_start;
  Times cache, origin;
  double fills_per_s = 0, joined_per_s = 0;
  std::uint64_t purges = 0;
};

/// `before` is of the same daemon, `seconds` (above 0) earlier. Of a daemon that has started since
/// then all counts are of `now` alone. Pure.
StatsFigures compare(const StatsSample& before, const StatsSample& now, double seconds);

/// The least bound that `share` (0 to 1) of what was counted since `before` is within.
std::optional<std::uint64_t> quantile(const StatsSample::Histogram& before,
                                      const StatsSample::Histogram& now, double share);

}  // namespace larder
