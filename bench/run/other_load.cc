// SPDX-License-Identifier: Apache-2.0
#include "bench/run/other_load.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "bench/run/cpu_use.h"
#include "bench/run/steady_clock.h"

namespace larder::bench {
namespace {

/// All CPUs: user, nice, system, and interrupts, of which some are ours.
std::uint64_t machine_busy_ns() {
  std::ifstream file("/proc/stat");
  std::string name;
  std::uint64_t user = 0, nice = 0, system = 0;
  file >> name >> user >> nice >> system;
  const auto tick_ns = 1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return (user + nice + system) * tick_ns;
}

std::uint64_t others_ns() {
  const std::uint64_t all = machine_busy_ns();
  return all - std::min(all, cpu_use(::getpid()).total_ns);
}

}  // namespace

OtherLoad::OtherLoad() : start_ns_(steady_ns()), others_ns_(others_ns()) {}

double OtherLoad::cpus() const {
  const std::uint64_t now = others_ns();
  const auto elapsed = static_cast<double>(steady_ns() - start_ns_);
  return static_cast<double>(now - std::min(now, others_ns_)) / elapsed;
}

}  // namespace larder::bench
