// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace larder {

/// What `larderctl stats` reads of one answer of /status.
struct StatsSample {
  /// Bounds and how many were within each and above the one before.
  using Histogram = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
  struct HostLine {
    std::string name;  ///< without control characters, as all texts here
    std::string use;
    std::string state;
    std::uint64_t held_for_s = 0;
    std::uint64_t consecutive_failures = 0;
    std::uint64_t running = 0, queued = 0;
    std::string last_error;
  };

  std::string version;
  std::string state;
  std::uint64_t uptime_s = 0;
  std::map<std::string, std::uint64_t> requests;  ///< by outcome
  Histogram cache_us, origin_us;
  std::uint64_t fills = 0, joined = 0, active = 0;
  std::uint64_t purges = 0, purges_failed = 0;
  std::uint64_t objects = 0, live_bytes = 0, size_bytes = 0;
  std::string store_state;
  std::uint64_t own_bytes = 0, in_flight_bytes = 0, output_bytes = 0;
  std::vector<HostLine> hosts;
};

/// Of the daemon's status, JSON; fields that a daemon of another version lacks are 0 or empty.
/// nullopt = it is not such JSON. Pure.
std::optional<StatsSample> parse_stats_sample(std::string_view json);

}  // namespace larder
