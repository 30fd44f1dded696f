// SPDX-License-Identifier: Apache-2.0
#include "bench/run/memory_use.h"

#include <fstream>
#include <string>

#include "bench/run/command.h"
#include "bench/run/process_tree.h"

namespace larder::bench {

std::uint64_t memory_use(pid_t process) {
  std::uint64_t kilobytes = 0;
  bool found = false;
  for (const pid_t each : processes_of(process)) {
    std::ifstream file("/proc/" + std::to_string(each) + "/smaps_rollup");
    std::string line;
    while (std::getline(file, line)) {
      if (!line.starts_with("Pss_Anon:") && !line.starts_with("Pss_Shmem:")) continue;
      kilobytes += std::stoull(line.substr(line.find(':') + 1));
      found = true;
    }
  }
  if (!found) {
    throw BenchError(
        "cannot read the memory of process " + std::to_string(process) +
        " in /proc/PID/smaps_rollup: run as its user or as root, on Linux 5.9 or newer");
  }
  return kilobytes * 1024;
}

}  // namespace larder::bench
