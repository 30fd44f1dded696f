// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "conf/config.h"
#include "daemon/cgroup_limits.h"

/// What larderd needs of the system, beside what the system allows. Pure, but for
/// read_system() and checked_system().
namespace larder {

/// What the system allows; what is not bounded has a huge number.
struct SystemLimits {
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};
  unsigned cpus = 1;                    ///< that the process may run on
  std::uint64_t descriptors = kNone;    ///< RLIMIT_NOFILE
  std::uint64_t address_space = kNone;  ///< RLIMIT_AS
  std::uint64_t file_size = kNone;      ///< RLIMIT_FSIZE
  CgroupLimits cgroup;
};
SystemLimits read_system();

/// Threads beside the workers: main, fetch, writer, log, and libcurl's look-ups of names.
inline constexpr unsigned kOtherThreads = 20;
/// Clients for whom there must be descriptors where `server.max_connections` is not set.
inline constexpr std::uint64_t kLeastConnections = 32;

/// `server.workers`; unless that is set, one for each CPU, fewer where the control group's quota or
/// number of tasks says so.
unsigned workers_for(const ServerConfig& server, const SystemLimits& system);

/// All descriptors but those of client connections.
std::uint64_t own_descriptors(const Config& config, unsigned workers);

/// `server.max_connections`; unless that is set, half of the descriptors that are left: memory is
/// to be left over as well.
unsigned max_connections_for(const Config& config, unsigned workers, const SystemLimits& system);

/// What there is too little of: names the limit, what it is, and the least that is needed.
std::optional<std::string> lacking(const Config& config, unsigned workers,
                                   const SystemLimits& system);

/// Before anything is opened: raises the soft limit of descriptors as far as it goes, and throws
/// StartupError where there is too little of something.
SystemLimits checked_system(const Config& config);

}  // namespace larder
