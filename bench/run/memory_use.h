// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace larder::bench {

/// Bytes of a process and its children that no page cache could give back: anonymous and shared
/// memory, what several share counted once (Pss_Anon and Pss_Shmem of /proc/PID/smaps_rollup).
std::uint64_t memory_use(pid_t process);

}  // namespace larder::bench
