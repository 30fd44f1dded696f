// SPDX-License-Identifier: Apache-2.0
#include "daemon/start_limits.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <set>

#include "conf/base/startup_error.h"

namespace larder {
namespace {

constexpr std::uint64_t kDescriptorsOfLoop = 5;   ///< epoll, eventfds, and two of its signals
constexpr std::uint64_t kDescriptorsOfStore = 8;  ///< the directory twice, two databases at a time
constexpr std::uint64_t kOtherDescriptors = 48;   ///< standard streams, logs, files read at times
constexpr std::uint64_t kAdminConnections = 64;
/// A socket, and the pair by which libcurl's multi handle is woken.
constexpr std::uint64_t kDescriptorsOfOriginConnection = 3;
constexpr std::uint64_t kMemoryBesideCache = 256u << 20;
constexpr std::uint64_t kMemoryOfThread = 10u << 20;  ///< its stack, as address space

std::uint64_t limit_of(int which) {
  rlimit limit{};
  if (::getrlimit(static_cast<__rlimit_resource_t>(which), &limit) != 0) return SystemLimits::kNone;
  return limit.rlim_cur == RLIM_INFINITY ? SystemLimits::kNone : limit.rlim_cur;
}

/// The origins' hosts: previews and deliveries have connections of their own.
std::uint64_t hosts_of(const Config& config) {
  std::set<std::string> deliveries;
  std::set<std::string> previews;
  const auto add = [&](const Hosts& hosts) {
    deliveries.insert(hosts.delivery);
    previews.insert(hosts.preview);
  };
  for (const StackConfig& stack : config.stacks) add(stack.hosts);
  if (config.open_mode()) add(config.open.hosts);
  return deliveries.size() + previews.size();
}

std::string too_small(const std::string& limit, std::uint64_t is, std::uint64_t least,
                      const std::string& remedy) {
  return limit + " is " + std::to_string(is) + ", and larderd needs at least " +
         std::to_string(least) + ": " + remedy;
}

}  // namespace

SystemLimits read_system() {
  SystemLimits system;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) {
    system.cpus = std::max(1u, static_cast<unsigned>(CPU_COUNT(&set)));
  }
  system.descriptors = limit_of(RLIMIT_NOFILE);
  system.address_space = limit_of(RLIMIT_AS);
  system.file_size = limit_of(RLIMIT_FSIZE);
  system.cgroup = read_cgroup_limits();
  return system;
}

unsigned workers_for(const ServerConfig& server, const SystemLimits& system) {
  if (server.workers != 0) return server.workers;
  std::uint64_t workers = system.cpus;
  if (system.cgroup.cpus) workers = std::min<std::uint64_t>(workers, *system.cgroup.cpus);
  if (const auto tasks = system.cgroup.tasks) {
    workers = std::min(workers, *tasks > kOtherThreads ? *tasks - kOtherThreads : 1);
  }
  return static_cast<unsigned>(std::max<std::uint64_t>(workers, 1));
}

std::uint64_t own_descriptors(const Config& config, unsigned workers) {
  const std::uint64_t loops = workers + 2;  // main and fetch
  const std::uint64_t listening =
      std::max<std::uint64_t>(config.listeners.size(), 1) * (workers + 1) +
      config.admin.metrics.size() + 2;
  const std::uint64_t webhooks =
      config.webhook.listen.empty() ? 0
                                    : config.webhook.listen.size() + config.webhook.max_connections;
  const std::uint64_t origins = hosts_of(config) * config.upstream.max_connections_per_host;
  return loops * kDescriptorsOfLoop + listening + origins * kDescriptorsOfOriginConnection +
         kDescriptorsOfStore + kAdminConnections + webhooks + kOtherDescriptors;
}

unsigned max_connections_for(const Config& config, unsigned workers, const SystemLimits& system) {
  if (config.server.max_connections != 0) return config.server.max_connections;
  const std::uint64_t own = own_descriptors(config, workers);
  const std::uint64_t all = std::min<std::uint64_t>(system.descriptors, 1u << 20);
  const std::uint64_t left = all > own ? (all - own) / 2 : 0;
  return static_cast<unsigned>(std::max(left, kLeastConnections));
}

std::optional<std::string> lacking(const Config& config, unsigned workers,
                                   const SystemLimits& system) {
  const std::uint64_t clients =
      config.server.max_connections != 0 ? config.server.max_connections : kLeastConnections;
  const std::uint64_t descriptors = own_descriptors(config, workers) + clients;
  if (system.descriptors < descriptors) {
    return too_small("the limit of open files (RLIMIT_NOFILE)", system.descriptors, descriptors,
                     "raise it (LimitNOFILE= in the unit, ulimit -n), or lower "
                     "server.max_connections, server.workers or upstream.max_connections_per_host");
  }
  const std::uint64_t threads = std::uint64_t{workers} + kOtherThreads;
  const std::uint64_t tasks = system.cgroup.tasks.value_or(SystemLimits::kNone);
  if (tasks < threads) {
    return too_small("the control group's number of tasks (pids.max)", tasks, threads,
                     "raise it (TasksMax= in the unit), or lower server.workers");
  }
  const std::uint64_t memory = config.cache.size + kMemoryBesideCache + threads * kMemoryOfThread;
  if (system.address_space < memory) {
    return too_small("the limit of address space (RLIMIT_AS), in bytes,", system.address_space,
                     memory, "raise it (LimitAS= in the unit, ulimit -v), or lower cache.size");
  }
  if (system.file_size < config.cache.size) {
    return too_small("the limit of a file's size (RLIMIT_FSIZE), in bytes,", system.file_size,
                     config.cache.size,
                     "raise it (LimitFSIZE= in the unit, ulimit -f), or lower cache.size");
  }
  return std::nullopt;
}

SystemLimits checked_system(const Config& config) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  const SystemLimits system = read_system();
  if (const auto what = lacking(config, workers_for(config.server, system), system)) {
    throw StartupError(*what);
  }
  return system;
}

}  // namespace larder
