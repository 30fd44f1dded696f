// SPDX-License-Identifier: Apache-2.0
#include "daemon/cgroup_limits.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

namespace larder {
namespace {

std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

template <class Number>
std::optional<Number> narrower(std::optional<Number> one, std::optional<Number> other) {
  if (!one || !other) return one ? one : other;
  return std::min(*one, *other);
}

}  // namespace

CgroupLimits CgroupLimits::narrowed_by(const CgroupLimits& other) const {
  return {narrower(cpus, other.cpus), narrower(tasks, other.tasks)};
}

std::optional<unsigned> parse_cpu_max(std::string_view text) {
  const auto quota = take_number(text);
  if (!quota || text.empty() || text.front() != ' ') return std::nullopt;
  text.remove_prefix(1);
  const auto period = take_number(text);
  if (!period || *period == 0 || *quota > (std::uint64_t{1} << 40)) return std::nullopt;
  const std::uint64_t cpus = (*quota + *period - 1) / *period;
  return static_cast<unsigned>(std::clamp<std::uint64_t>(cpus, 1, 1u << 20));
}

std::optional<std::uint64_t> parse_pids_max(std::string_view text) {
  return take_number(text);
}

std::string parse_own_cgroup(std::string_view text) {
  constexpr std::string_view kVersion2 = "0::";
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(kVersion2)) return std::string(line.substr(kVersion2.size()));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return "";
}

CgroupLimits read_cgroup_limits(const std::string& root, const std::string& own) {
  CgroupLimits limits;
  for (std::string group = own; !group.empty(); group.resize(group.rfind('/'))) {
    const std::string folder = root + (group == "/" ? "" : group);
    limits = limits.narrowed_by({parse_cpu_max(text_of(folder + "/cpu.max")),
                                 parse_pids_max(text_of(folder + "/pids.max"))});
    if (group.rfind('/') == std::string::npos) break;
  }
  return limits;
}

CgroupLimits read_cgroup_limits() {
  return read_cgroup_limits("/sys/fs/cgroup", parse_own_cgroup(text_of("/proc/self/cgroup")));
}

}  // namespace larder
