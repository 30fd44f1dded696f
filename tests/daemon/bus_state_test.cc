// SPDX-License-Identifier: Apache-2.0
#include "daemon/bus/bus_state.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "daemon/bus/bus_outbox.h"

using namespace larder;

namespace {

BusFields numbered(int number) {
  return {"n", std::to_string(number)};
}

}  // namespace

TEST_CASE("A node goes on only from an entry that the stream still has") {
  const BusId position{5, 1};
  CHECK(can_go_on(position, true));
  CHECK_FALSE(can_go_on(position, false));
  CHECK_FALSE(can_go_on(std::nullopt, true));
  CHECK_FALSE(can_go_on(std::nullopt, false));
}

TEST_CASE("A position comes out of its text as it went in") {
  const BusId position{1'700'000'000'123, 7};
  CHECK(parse_position(position_text(position)) == position);
  const auto* const text = GENERATE("", "1", "1 ", "2 5-1", "5-1", "1 5", "1 5-1 ", "1  5-1");
  CHECK_FALSE(parse_position(text));
}

TEST_CASE("The states of the bus change only as they may") {
  using S = BusState;
  const auto [from, to, may] = GENERATE(table<S, S, bool>({
      {S::away, S::joining, true},
      {S::away, S::behind, false},
      {S::away, S::following, false},
      {S::joining, S::behind, true},
      {S::joining, S::following, false},
      {S::behind, S::following, true},
      {S::behind, S::joining, true},
      {S::following, S::behind, true},
      {S::following, S::joining, true},
      {S::joining, S::away, true},
      {S::following, S::away, true},
      {S::away, S::away, false},
  }));
  CHECK(may_follow(from, to) == may);
}

TEST_CASE("Pauses grow to a bound, with a share that is drawn") {
  BusBackOff lowest, highest;
  Milliseconds bound = BusBackOff::kFirstMs;
  for (int tries = 0; tries < 20; ++tries) {
    CHECK(lowest.next(0) == bound / 2);
    CHECK(highest.next(static_cast<std::uint64_t>(bound / 2)) == bound / 2 * 2);
    bound = std::min(2 * bound, BusBackOff::kLastMs);
  }
  CHECK(bound == BusBackOff::kLastMs);
  lowest.reset();
  CHECK(lowest.next(0) == BusBackOff::kFirstMs / 2);
}

TEST_CASE("Entries are sent in their order") {
  BusQueue queue("me");
  CHECK(queue.next() == nullptr);
  for (int i = 0; i < 3; ++i) queue.add(numbered(i));
  for (int i = 0; i < 3; ++i) {
    REQUIRE(queue.next() != nullptr);
    CHECK(*queue.next() == numbered(i));
    queue.sent();
  }
  CHECK(queue.size() == 0);
}

TEST_CASE("A queue that overflows tells of a gap, and then of what comes later") {
  BusQueue queue("me");
  for (std::size_t i = 0; i <= BusQueue::kMost; ++i) queue.add(numbered(1));
  queue.add(numbered(2));
  REQUIRE(queue.size() == 2);
  CHECK(*queue.next() == gap_entry("me"));
  queue.sent();
  CHECK(*queue.next() == numbered(2));
}

TEST_CASE("A gap that is noted while an entry is being sent is sent too") {
  BusOutbox outbox("me");
  outbox.begin([] {});
  outbox.settle(numbered(1));
  CHECK(outbox.wait(0) == numbered(1));
  for (std::size_t i = 0; i < BusQueue::kMost; ++i) {
    outbox.begin([] {});
    outbox.settle(numbered(2));
  }
  outbox.sent();
  CHECK(outbox.wait(0) == gap_entry("me"));
  outbox.sent();
  CHECK(outbox.size() == 0);
}

TEST_CASE("A debt is paid once nothing is left to be sent and no purge is under way") {
  BusOutbox outbox("me");
  int paid = 0;
  const auto pay = [&] { outbox.pay([&] { ++paid; }); };
  pay();
  CHECK(paid == 0);  // nothing was owed
  outbox.begin([] {});
  pay();
  CHECK(paid == 0);
  outbox.settle(numbered(1));
  pay();
  CHECK(paid == 0);
  REQUIRE(outbox.wait(0));
  outbox.sent();
  pay();
  pay();
  CHECK(paid == 1);
}

TEST_CASE("A purge that fails here is not sent") {
  BusOutbox outbox("me");
  outbox.begin([] {});
  outbox.settle(std::nullopt);
  CHECK_FALSE(outbox.wait(0));
}
