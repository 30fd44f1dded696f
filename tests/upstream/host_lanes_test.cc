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
  CHECK_FALSE(lanes.next(MonotonicTime{0}));
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
    CHECK_FALSE(lanes.next(MonotonicTime{0}));
    lanes.end(Lane::visitor);
    const auto turn = lanes.next(MonotonicTime{0});
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
  CHECK(lanes.next(MonotonicTime{0})->ticket == 2);
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
  CHECK(lanes.promote(11, Lane::refresh, Lane::visitor, MonotonicTime{50}));
  CHECK(lanes.queued(Lane::refresh) == 1);
  CHECK_FALSE(lanes.promote(10, Lane::refresh, Lane::visitor,
                            MonotonicTime{50}));  // the visitors' queue is full
  CHECK(lanes.queued(Lane::refresh) == 1);
  CHECK(lanes.promote(99, Lane::refresh, Lane::visitor, MonotonicTime{50}));  // not queued
  for (const larder::Ticket expected : {20, 11, 10}) {
    lanes.end(Lane::visitor);
    const auto turn = lanes.next(MonotonicTime{0});
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
  REQUIRE_FALSE(lanes.next(MonotonicTime{0}));
  lanes.promote_running(Lane::refresh, Lane::visitor);
  REQUIRE(lanes.next(MonotonicTime{0}));
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
    REQUIRE(lanes.promote(2, Lane::refresh, Lane::visitor, MonotonicTime{120}));
    CHECK(lanes.take_overdue(MonotonicTime{200}) == std::vector<larder::Ticket>{5});
    CHECK(lanes.take_overdue(MonotonicTime{221}) == std::vector<larder::Ticket>{2});
  }
}

TEST_CASE("host lanes: passes take at most half of the places, and keep nobody else out",
          "[upstream]") {
  const auto config = bounds(8, 10);
  HostLanes lanes(config);
  CHECK(enter(lanes, Lane::pass, 1, 6) == 4);
  CHECK_FALSE(lanes.next(MonotonicTime{0}));
  CHECK(lanes.queued(Lane::pass) == 2);
  CHECK(enter(lanes, Lane::refresh, 10, 1) == 1);  // passes that wait have no claim on its place
  CHECK(enter(lanes, Lane::visitor, 20, 4) == 3);
  SECTION("a place of a pass that is over goes to a visitor first") {
    lanes.end(Lane::pass);
    CHECK(lanes.next(MonotonicTime{0})->ticket == 23);
    CHECK_FALSE(lanes.next(MonotonicTime{0}));
    lanes.end(Lane::visitor);
    CHECK(lanes.next(MonotonicTime{0})->ticket == 5);
  }
  SECTION("they wait no longer than others") {
    CHECK(lanes.take_overdue(MonotonicTime{101}) == std::vector<larder::Ticket>{23, 5, 6});
  }
}

TEST_CASE("host lanes: who has nothing to fall back on passes who has, and refreshes are last",
          "[upstream]") {
  const auto config = bounds(8, 10);
  HostLanes lanes(config);
  REQUIRE(enter(lanes, Lane::visitor, 1, 8) == 8);
  enter(lanes, Lane::refresh, 10, 1);
  enter(lanes, Lane::renewal, 20, 2);
  enter(lanes, Lane::pass, 30, 1);
  enter(lanes, Lane::visitor, 40, 1);
  std::vector<larder::Ticket> order;
  for (int i = 0; i < 5; ++i) {
    lanes.end(Lane::visitor);
    const auto turn = lanes.next(MonotonicTime{0});
    REQUIRE(turn);
    order.push_back(turn->ticket);
  }
  CHECK(order == std::vector<larder::Ticket>{40, 30, 20, 21, 10});
}

TEST_CASE("host lanes: renewals that fill their queue keep no visitor out", "[upstream]") {
  const auto config = bounds(1, 3);
  HostLanes lanes(config);
  enter(lanes, Lane::renewal, 1, 10);
  CHECK(lanes.enter(20, Lane::visitor, MonotonicTime{0}) == Entry::waits);
  CHECK(lanes.promote(2, Lane::renewal, Lane::visitor, MonotonicTime{0}));
  lanes.end(Lane::renewal);
  CHECK(lanes.next(MonotonicTime{0})->ticket == 20);
}

TEST_CASE("host lanes: with a budget the lanes share what the stack may ask", "[upstream]") {
  auto config = bounds(32, 100);
  config.requests_per_second = 10;
  config.request_burst = 2;
  HostLanes lanes(config);
  const auto enter_at = [&](larder::Ticket ticket, Lane lane, std::int64_t at,
                            larder::StackId stack = 7) {
    return lanes.enter(ticket, lane, MonotonicTime{at}, stack);
  };
  REQUIRE(enter_at(1, Lane::refresh, 0) == Entry::starts);
  REQUIRE(enter_at(2, Lane::refresh, 0) == Entry::starts);
  CHECK(enter_at(3, Lane::refresh, 0) == Entry::waits);
  CHECK(enter_at(4, Lane::renewal, 0) == Entry::waits);
  CHECK(enter_at(5, Lane::visitor, 0) == Entry::waits);
  CHECK_FALSE(lanes.next(MonotonicTime{0}));
  CHECK(lanes.budget_wait_ms(MonotonicTime{0}) == 100);
  SECTION("a stack that has some left passes them") {
    CHECK(enter_at(6, Lane::refresh, 0, 8) == Entry::starts);
    CHECK(enter_at(7, Lane::preview, 0, 0) == Entry::starts);
  }
  SECTION("the earlier lane goes first, one for each part of a second") {
    for (const larder::Ticket expected : {5, 4, 3}) {
      const MonotonicTime now{100 * (6 - static_cast<std::int64_t>(expected))};
      const auto turn = lanes.next(now);
      REQUIRE(turn);
      CHECK(turn->ticket == expected);
      CHECK_FALSE(lanes.next(now));
    }
    CHECK_FALSE(lanes.budget_wait_ms(MonotonicTime{300}));
  }
  SECTION("a newcomer does not take what those who wait may have") {
    CHECK(enter_at(8, Lane::visitor, 100) == Entry::waits);
    CHECK(lanes.next(MonotonicTime{100})->ticket == 5);
  }
  SECTION("a refusal stops all of that stack") {
    lanes.budget().refuse(7, MonotonicTime{5'000}, MonotonicTime{50});
    CHECK_FALSE(lanes.next(MonotonicTime{4'900}));
    CHECK(lanes.next(MonotonicTime{5'300})->ticket == 5);
  }
}
