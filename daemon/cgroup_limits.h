// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What the control group (version 2) allows: systemd's CPUQuota= and TasksMax=, a container's
/// limits.
namespace larder {

struct CgroupLimits {
  std::optional<unsigned> cpus;        ///< whole ones, rounded up; nothing = no quota
  std::optional<std::uint64_t> tasks;  ///< threads of the group; nothing = no bound

  /// The narrower of both, limit by limit.
  CgroupLimits narrowed_by(const CgroupLimits& other) const;
};

/// The text of `cpu.max` ("QUOTA PERIOD", QUOTA may be "max") and of `pids.max` (a number or
/// "max"). What is not understood is no limit. Pure.
std::optional<unsigned> parse_cpu_max(std::string_view text);
std::optional<std::uint64_t> parse_pids_max(std::string_view text);
/// The path of the group of version 2 in the text of `/proc/self/cgroup`; empty = there is none.
std::string parse_own_cgroup(std::string_view text);

/// Of this process: its group and all above it, below `root`. `root`: where the hierarchy is
/// mounted; `own`: parse_own_cgroup().
CgroupLimits read_cgroup_limits(const std::string& root, const std::string& own);
CgroupLimits read_cgroup_limits();

}  // namespace larder
