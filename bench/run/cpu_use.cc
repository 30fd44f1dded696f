// SPDX-License-Identifier: Apache-2.0
#include "bench/run/cpu_use.h"

#include <unistd.h>

#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

#include "bench/run/command.h"
#include "bench/run/process_tree.h"

namespace larder::bench {
namespace {

/// Fields 14 and 15 of /proc/PID/stat; the name before them may hold blanks and brackets.
void add_ticks(pid_t process, CpuUse& use) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return;
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  fields >> user >> system;
  const std::uint64_t tick_ns = 1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  use.user_ns += user * tick_ns;
  use.system_ns += system * tick_ns;
}

bool add_process(pid_t process, CpuUse& use) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &time) != 0)
    return false;
  use.total_ns += static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
                  static_cast<std::uint64_t>(time.tv_nsec);
  add_ticks(process, use);
  return true;
}

}  // namespace

CpuUse operator-(const CpuUse& later, const CpuUse& earlier) {
  return {later.total_ns - earlier.total_ns, later.user_ns - earlier.user_ns,
          later.system_ns - earlier.system_ns};
}

CpuUse cpu_use(pid_t process) {
  CpuUse use;
  if (!add_process(process, use)) {
    throw BenchError("no process " + std::to_string(process) + " to take CPU times of");
  }
  for (const pid_t each : processes_of(process)) {
    if (each != process) add_process(each, use);
  }
  return use;
}

}  // namespace larder::bench
