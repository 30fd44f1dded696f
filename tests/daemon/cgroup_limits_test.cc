// SPDX-License-Identifier: Apache-2.0
#include "daemon/cgroup_limits.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <filesystem>
#include <fstream>

namespace larder::test {

TEST_CASE("cgroup: a CPU quota is rounded up to whole CPUs", "[cgroup]") {
  struct Case {
    const char* text;
    std::optional<unsigned> cpus;
  };
  const Case c = GENERATE(values<Case>({
      {"max 100000\n", std::nullopt},
      {"100000 100000\n", 1},
      {"150000 100000\n", 2},
      {"5000 100000\n", 1},
      {"1600000 100000", 16},
      {"0 100000\n", 1},
      {"100000 0\n", std::nullopt},
      {"100000\n", std::nullopt},
      {"", std::nullopt},
      {"nonsense", std::nullopt},
  }));
  CAPTURE(c.text);
  CHECK(parse_cpu_max(c.text) == c.cpus);
}

TEST_CASE("cgroup: a number of tasks, or none", "[cgroup]") {
  CHECK(parse_pids_max("64\n") == 64);
  CHECK(parse_pids_max("max\n") == std::nullopt);
  CHECK(parse_pids_max("") == std::nullopt);
}

TEST_CASE("cgroup: the group of version 2 is found among those of version 1", "[cgroup]") {
  CHECK(parse_own_cgroup("0::/system.slice/larderd.service\n") == "/system.slice/larderd.service");
  CHECK(parse_own_cgroup("12:pids:/a\n1:name=systemd:/b\n0::/c\n") == "/c");
  CHECK(parse_own_cgroup("12:pids:/a\n1:name=systemd:/b\n").empty());
  CHECK(parse_own_cgroup("").empty());
}

TEST_CASE("cgroup: the narrowest limit on the way to the root holds", "[cgroup]") {
  std::string pattern = (std::filesystem::temp_directory_path() / "larder-cgroup-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  const std::filesystem::path root(pattern);
  std::filesystem::create_directories(root / "slice" / "service");
  const auto write = [&](const char* path, const char* text) {
    std::ofstream(root / path) << text;
  };
  write("slice/cpu.max", "200000 100000\n");
  write("slice/pids.max", "max\n");
  write("slice/service/cpu.max", "max 100000\n");
  write("slice/service/pids.max", "64\n");
  const CgroupLimits limits = read_cgroup_limits(root.string(), "/slice/service");
  CHECK(limits.cpus == 2);
  CHECK(limits.tasks == 64);
  const CgroupLimits none = read_cgroup_limits(root.string(), "");
  CHECK_FALSE(none.cpus);
  CHECK_FALSE(none.tasks);
  write("cpu.max", "100000 100000\n");
  CHECK(read_cgroup_limits(root.string(), "/").cpus == 1);
  std::filesystem::remove_all(root);
}

}  // namespace larder::test
