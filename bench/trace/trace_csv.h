// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder::bench {

struct TraceLine {
  std::uint64_t time_s = 0;
  std::uint32_t key = 0;    ///< place in ReplayTrace::keys
  std::uint64_t bytes = 0;  ///< 0 = a purge of the key
};

struct ReplayTrace {
  std::vector<std::string> keys;  ///< in the order in which they turn up
  std::vector<TraceLine> lines;
};

/// Lines of `time,key,size`, with or without a header line: whole seconds that never decrease, any
/// text without a comma, bytes. Throws BenchError with the number of the bad line; `name` is for
/// it.
ReplayTrace parse_replay_trace(std::string_view text, const std::string& name);

/// A file of them, plain or gzip.
ReplayTrace read_replay_trace(const std::string& path);

}  // namespace larder::bench
