// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/about.h"

#include <sys/resource.h>
#include <unistd.h>
#include <fstream>

#include "daemon/watch/exposition.h"

namespace larder {
namespace {

std::int64_t cpu_ms() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  const auto ms = [](const timeval& time) { return time.tv_sec * 1'000 + time.tv_usec / 1'000; };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

/// 0 where /proc is not to be read.
std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  file >> total >> resident;
  return file ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace

std::string about_text(std::uint64_t generation, WallTime started) {
  Exposition out;
  out.family("larder_build_info", "gauge", "1; the labels say what was built.");
  out.sample(label("version", LARDER_VERSION) + "," + label("compiler", __VERSION__), 1);
  out.single("larder_settings_generation", "gauge",
             "1 at the start; grows by one with each reload that succeeds.", generation);
  out.family("process_start_time_seconds", "gauge", "When larderd started, since 1970.");
  out.sample_ms({}, started.ms);
  out.family("process_cpu_seconds_total", "counter", "CPU time of all threads.");
  out.sample_ms({}, cpu_ms());
  out.single("process_resident_memory_bytes", "gauge",
             "Memory in RAM, pages of the cache's file among it.", resident_bytes());
  return out.take();
}

}  // namespace larder
