// SPDX-License-Identifier: Apache-2.0
#include "daemon/start_limits.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace larder::test {
namespace {

/// Two stacks of one region and one of another: two delivery and two preview hosts.
Config three_stacks() {
  Config config;
  for (const char* region : {"eu", "eu", "us"}) {
    StackConfig stack;
    stack.hosts = {std::string("https://cdn.") + region, std::string("https://preview.") + region};
    config.stacks.push_back(stack);
  }
  config.listeners.resize(2);
  return config;
}

}  // namespace

TEST_CASE("start limits: fewer workers where the control group says so", "[limits]") {
  struct Case {
    const char* name;
    unsigned configured, cpus;
    CgroupLimits cgroup;
    unsigned workers;
  };
  const Case c = GENERATE(values<Case>({
      {"one for each CPU", 0, 8, {}, 8},
      {"a quota of two CPUs", 0, 8, {2, std::nullopt}, 2},
      {"a quota of more than there are", 0, 4, {16, std::nullopt}, 4},
      {"64 tasks", 0, 128, {std::nullopt, 64}, 44},
      {"tasks for none", 0, 8, {std::nullopt, 5}, 1},
      {"the operator's number", 6, 2, {1, 10}, 6},
  }));
  DYNAMIC_SECTION(c.name) {
    SystemLimits system;
    system.cpus = c.cpus;
    system.cgroup = c.cgroup;
    ServerConfig server;
    server.workers = c.configured;
    CHECK(workers_for(server, system) == c.workers);
  }
}

TEST_CASE("start limits: each origin connection takes three descriptors", "[limits]") {
  Config config = three_stacks();
  const std::uint64_t before = own_descriptors(config, 4);
  config.upstream.max_connections_per_host += 10;
  CHECK(own_descriptors(config, 4) - before == 4 * 10 * 3);
  // 4 hosts with 42 connections each, and what loops, sockets, store and logs take.
  CHECK(own_descriptors(config, 4) == 6 * 5 + (2 * 5 + 2) + 4 * 42 * 3 + 8 + 64 + 48);
}

TEST_CASE("start limits: each worker takes a loop and its listening sockets", "[limits]") {
  const Config config = three_stacks();
  CHECK(own_descriptors(config, 5) - own_descriptors(config, 4) == 5 + 2);
}

TEST_CASE("start limits: connections are half of what descriptors are left", "[limits]") {
  Config config = three_stacks();
  SystemLimits system;
  system.descriptors = 65'536;
  CHECK(max_connections_for(config, 4, system) == (65'536 - own_descriptors(config, 4)) / 2);
  system.descriptors = 100;
  CHECK(max_connections_for(config, 4, system) == kLeastConnections);
  config.server.max_connections = 7;
  CHECK(max_connections_for(config, 4, system) == 7);
}

TEST_CASE("start limits: what is too little is named, with the least that is needed", "[limits]") {
  Config config = three_stacks();
  config.cache.size = 1u << 30;
  SystemLimits system;
  CHECK_FALSE(lacking(config, 4, system));
  const std::uint64_t least = own_descriptors(config, 4) + kLeastConnections;
  SECTION("descriptors") {
    system.descriptors = least;
    CHECK_FALSE(lacking(config, 4, system));
    system.descriptors = least - 1;
    const auto what = lacking(config, 4, system);
    REQUIRE(what);
    CHECK(what->find("RLIMIT_NOFILE") != std::string::npos);
    CHECK(what->find(std::to_string(least)) != std::string::npos);
    config.server.max_connections = 10'000;
    system.descriptors = 10'000;
    CHECK(lacking(config, 4, system));
  }
  SECTION("tasks") {
    system.cgroup.tasks = 4 + kOtherThreads;
    CHECK_FALSE(lacking(config, 4, system));
    system.cgroup.tasks = 3 + kOtherThreads;
    CHECK(lacking(config, 4, system)->find("pids.max) is 23, and larderd needs at least 24") !=
          std::string::npos);
  }
  SECTION("address space") {
    system.address_space = 1u << 30;
    CHECK(lacking(config, 4, system)->find("RLIMIT_AS") != std::string::npos);
  }
  SECTION("the size of a file") {
    system.file_size = (1u << 30) - 1;
    CHECK(lacking(config, 4, system)->find("RLIMIT_FSIZE") != std::string::npos);
  }
}

}  // namespace larder::test
