// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace larder::bench {

/// CPU time of a process and its children, all threads, since they started.
struct CpuUse {
  std::uint64_t total_ns = 0;   ///< by the scheduler's own clock
  std::uint64_t user_ns = 0;    ///< utime of /proc/PID/stat: in ticks of 10 ms
  std::uint64_t system_ns = 0;  ///< stime
};

CpuUse operator-(const CpuUse& later, const CpuUse& earlier);

/// Throws BenchError when there is no such process.
CpuUse cpu_use(pid_t process);

}  // namespace larder::bench
