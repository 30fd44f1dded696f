// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <vector>

namespace larder::bench {

/// A process and all its descendants, itself first.
std::vector<pid_t> processes_of(pid_t process);

}  // namespace larder::bench
