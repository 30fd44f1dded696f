// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "bench/load/histogram.h"
#include "bench/load/response_reader.h"
#include "bench/run/cpu_use.h"
#include "bench/run/sandbox_control.h"

namespace larder::bench {

struct ReplayCount {
  std::uint64_t requests = 0;
  std::uint64_t bytes = 0;
  std::uint64_t hits = 0;  ///< by what Cache-Status said
  std::uint64_t hit_bytes = 0;
  std::uint64_t collapsed = 0;  ///< misses that joined the fill of another
  OriginCounts origin;

  void add(const ResponseReader& answer);
};

struct ReplayResult {
  ReplayCount all;
  std::vector<ReplayCount> windows;
  std::uint64_t with_status = 0;  ///< answers with a Cache-Status of larder
  std::uint64_t purges = 0;       ///< in the trace
  std::uint64_t purged = 0;
  std::uint64_t silent_changes = 0;  ///< of a key's size without a purge in the trace
  std::uint64_t stale = 0;           ///< 200 with another length than the trace has
  std::uint64_t wrong = 0;           ///< another status, or cut off
  std::map<int, std::uint64_t> statuses;
  Histogram latency_ns;
  CpuUse cpu;
  double seconds = 0;
};

/// Adds up what a replay sees, in all and by windows of `window` lines (0 = none).
class ReplayTally {
 public:
  ReplayTally(const SandboxControl& control, std::uint64_t window);

  void begin();
  /// Before the first request of each line.
  void note_asked(std::uint64_t line);
  void note_answer(std::uint64_t line, std::uint64_t body_bytes, bool complete,
                   const ResponseReader& answer);
  /// Of this process from now on; 0 = of nobody. What the one before has used is added up.
  void watch_cpu(pid_t server);
  void end();
  ReplayResult& result() { return result_; }

 private:
  void close_window();

  const SandboxControl& control_;
  std::uint64_t window_;
  std::uint64_t window_end_ = 0;
  OriginCounts origin_start_;
  OriginCounts window_start_;
  pid_t server_ = 0;
  CpuUse cpu_start_;
  ReplayResult result_;
};

}  // namespace larder::bench
