// SPDX-License-Identifier: Apache-2.0
#include "upstream/host_lanes.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace {

using larder::HostLanes;
using larder::Lane;
using larder::MonotonicTime;
using Entry = HostLanes::Entry;

larder::UpstreamConfig bounds(unsigned places, unsigned queue) {
  larder::UpstreamConfig config;
  config.max_connections_per_host = places;
  config.max_queue_per_host = queue;
  config.queue_wait_ms = 100;
  return config;
}

/// Enters `count` transfers with the numbers `first`, `first` + 1...; how many have started.
unsigned enter(HostLanes& lanes, Lane lane, larder::Ticket first, unsigned count) {
  unsigned started = 0;
  for (larder::Ticket ticket = first; ticket < first + count; ++ticket) {
    if (lanes.enter(ticket, lane, MonotonicTime{0}) == Entry::starts) ++started;
  }
  return started;
}

}  // namespace

TEST_CASE("host lanes: refreshes take at most a quarter of the places, others all", "[upstream]") {
  struct Case {
    unsigned places, refreshes;
  };
  const auto c = GENERATE(Case{1, 1}, Case{2, 1}, Case{3, 1}, Case{4, 1}, Case{7, 1}, Case{8, 2},
                          Case{32, 8}, Case{33, 8});
  CAPTURE(c.places);
  const auto config = bounds(c.places, 1'000);
  HostLanes lanes(config);
  CHECK(enter(lanes, Lane::refresh, 1, 200) == c.refreshes);
  CHECK_FALSE(lanes.next());
  const auto lane = GENERATE(Lane::preview, Lane::visitor);
  CHECK(enter(lanes, lane, 1'000, 100) == c.places - c.refreshes);
  CHECK(lanes.running() == c.places);
  CHECK(lanes.queued(Lane::refresh) == 200 - c.refreshes);
}

TEST_CASE("host lanes: previews start before visitors, and refreshes last; first come first served",
          "[upstream]") {
  const auto config = bounds(8, 10);
  HostLanes lanes(config);
  REQUIRE(enter(lanes, Lane::visitor, 1, 8) == 8);
  enter(lanes, Lane::refresh, 10, 2);
  enter(lanes, Lane::visitor, 20, 2);
  enter(lanes, Lane::preview, 30, 2);
  std::vector<larder::Ticket> order;
  for (int i = 0; i < 6; ++i) {
    CHECK_FALSE(lanes.next());
    lanes.end(Lane::visitor);
    const auto turn = lanes.next();
    REQUIRE(turn);
    order.push_back(turn->ticket);
  }
  CHECK(order == std::vector<larder::Ticket>{30, 31, 20, 21, 10, 11});
}

TEST_CASE("host lanes: a refresh does not start while a visitor waits, though a place is free",
          "[upstream]") {
  const auto config = bounds(1, 10);
  HostLanes lanes(config);
  REQUIRE(enter(lanes, Lane::visitor, 1, 1) == 1);
  CHECK(enter(lanes, Lane::visitor, 2, 1) == 0);
  lanes.end(Lane::visitor);
  CHECK(enter(lanes, Lane::refresh, 3, 1) == 0);
  CHECK(enter(lanes, Lane::visitor, 4, 1) == 0);  // behind the one who waits
  CHECK(lanes.next()->ticket == 2);
}

TEST_CASE("host lanes: a full lane refuses its own and no others", "[upstream]") {
  const auto config = bounds(1, 2);
  HostLanes lanes(config);
  const auto full = GENERATE(Lane::visitor, Lane::refresh);
  const auto other = full == Lane::visitor ? Lane::refresh : Lane::visitor;
  REQUIRE(enter(lanes, full, 1, 3) == 1);
  CHECK(lanes.enter(4, full, MonotonicTime{0}) == Entry::refused);
  CHECK(lanes.queued(full) == 2);
  CHECK(lanes.enter(5, other, MonotonicTime{0}) == Entry::waits);
  lanes.leave_queue(2, full);
  CHECK(lanes.enter(6, full, MonotonicTime{0}) == Entry::waits);
}

TEST_CASE("host lanes: a queued refresh that a visitor waits for goes behind the other visitors",
          "[upstream]") {
  const auto config = bounds(4, 2);
  HostLanes lanes(config);
  REQUIRE(enter(lanes, Lane::visitor, 1, 4) == 4);
  enter(lanes, Lane::refresh, 10, 2);
  enter(lanes, Lane::visitor, 20, 1);
  CHECK(lanes.promote(11, MonotonicTime{50}));
  CHECK(lanes.queued(Lane::refresh) == 1);
  CHECK_FALSE(lanes.promote(10, MonotonicTime{50}));  // the visitors' queue is full
  CHECK(lanes.queued(Lane::refresh) == 1);
  CHECK(lanes.promote(99, MonotonicTime{50}));  // not queued
  for (const larder::Ticket expected : {20, 11, 10}) {
    lanes.end(Lane::visitor);
    const auto turn = lanes.next();
    REQUIRE(turn);
    CHECK(turn->ticket == expected);
    CHECK(turn->lane == (expected == 10 ? Lane::refresh : Lane::visitor));
  }
}

TEST_CASE("host lanes: a running refresh that a visitor waits for leaves its place to the next",
          "[upstream]") {
  const auto config = bounds(4, 10);
  HostLanes lanes(config);
  REQUIRE(enter(lanes, Lane::refresh, 1, 2) == 1);
  REQUIRE_FALSE(lanes.next());
  lanes.promote_running();
  REQUIRE(lanes.next());
  CHECK(lanes.running(Lane::visitor) == 1);
  CHECK(lanes.running(Lane::refresh) == 1);
}

TEST_CASE("host lanes: visitors and previews wait no longer than upstream.queue_wait",
          "[upstream]") {
  const auto config = bounds(1, 10);
  HostLanes lanes(config);
  REQUIRE(enter(lanes, Lane::visitor, 1, 1) == 1);
  lanes.enter(2, Lane::refresh, MonotonicTime{0});
  lanes.enter(3, Lane::visitor, MonotonicTime{0});
  lanes.enter(4, Lane::preview, MonotonicTime{0});
  lanes.enter(5, Lane::visitor, MonotonicTime{50});
  CHECK(lanes.take_overdue(MonotonicTime{100}).empty());
  CHECK(lanes.take_overdue(MonotonicTime{101}) == std::vector<larder::Ticket>{4, 3});
  CHECK(lanes.queued(Lane::refresh) == 1);
  SECTION("a promoted refresh waits from its promotion on") {
    REQUIRE(lanes.promote(2, MonotonicTime{120}));
    CHECK(lanes.take_overdue(MonotonicTime{200}) == std::vector<larder::Ticket>{5});
    CHECK(lanes.take_overdue(MonotonicTime{221}) == std::vector<larder::Ticket>{2});
  }
}

TEST_CASE("host lanes: passes take at most half of the places, and keep nobody else out",
          "[upstream]") {
  const auto config = bounds(8, 10);
  HostLanes lanes(config);
  CHECK(enter(lanes, Lane::pass, 1, 6) == 4);
  CHECK_FALSE(lanes.next());
  CHECK(lanes.queued(Lane::pass) == 2);
  CHECK(enter(lanes, Lane::refresh, 10, 1) == 1);  // passes that wait have no claim on its place
  CHECK(enter(lanes, Lane::visitor, 20, 4) == 3);
  SECTION("a place of a pass that is over goes to a visitor first") {
    lanes.end(Lane::pass);
    CHECK(lanes.next()->ticket == 23);
    CHECK_FALSE(lanes.next());
    lanes.end(Lane::visitor);
    CHECK(lanes.next()->ticket == 5);
  }
  SECTION("they wait no longer than others") {
    CHECK(lanes.take_overdue(MonotonicTime{101}) == std::vector<larder::Ticket>{23, 5, 6});
  }
}
