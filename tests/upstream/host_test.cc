// SPDX-License-Identifier: Apache-2.0
#include "upstream/host.h"

#include <catch2/catch_test_macros.hpp>

TEST_CASE("host: the snapshot shows lanes, what they turned away, and health", "[upstream]") {
  larder::UpstreamConfig config;
  config.max_connections_per_host = 4;
  config.max_queue_per_host = 1;
  larder::Host host("https://origin.example", config, larder::MonotonicTime{7});
  for (larder::Ticket ticket = 1; ticket <= 5; ++ticket)
    host.enter(ticket, larder::Lane::refresh, larder::MonotonicTime{8});
  for (larder::Ticket ticket = 6; ticket <= 10; ++ticket)
    host.enter(ticket, larder::Lane::visitor, larder::MonotonicTime{8});
  host.health().note_end({.error = std::nullopt, .status = 503}, larder::MonotonicTime{9});

  const auto seen = host.snapshot();
  CHECK(seen.name == "https://origin.example");
  CHECK(seen.running == std::array<std::size_t, larder::kLanes>{0, 3, 0, 0, 1});
  CHECK(seen.queued == std::array<std::size_t, larder::kLanes>{0, 1, 0, 0, 1});
  CHECK(seen.refreshes_dropped == 3);
  CHECK(seen.refused == 1);
  CHECK(seen.consecutive_failures == 1);
  CHECK(seen.since == larder::MonotonicTime{9});
  REQUIRE(seen.last_error);
  CHECK(seen.last_error->text == "answered with status 503");
}

TEST_CASE("host: its connections are used once until it has kept to HTTP for a while",
          "[upstream]") {
  const larder::UpstreamConfig config;
  larder::Host host("https://origin.example", config, larder::MonotonicTime{7});
  const auto at = [](std::int64_t ms) { return larder::MonotonicTime{ms}; };
  CHECK_FALSE(host.is_distrusted(at(100)));
  CHECK(host.distrust(at(100)));
  CHECK(host.is_distrusted(at(100)));
  CHECK_FALSE(host.distrust(at(200)));
  CHECK(host.is_distrusted(at(200 + larder::Host::kDistrustMs - 1)));
  CHECK_FALSE(host.is_distrusted(at(200 + larder::Host::kDistrustMs)));
  CHECK(host.distrust(at(200 + larder::Host::kDistrustMs)));
}
