// SPDX-License-Identifier: Apache-2.0
#include "cache/body/held_bytes.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using larder::HeldBytes;

namespace {
constexpr std::uint64_t kPiece = HeldBytes::kPieceBytes;
}

TEST_CASE("held bytes: a piece is counted once until its last holder lets go", "[upstream]") {
  const HeldBytes held(10'000, 10'000);
  auto first = held.hold_pending(std::string(100, 'a'));
  auto second = first;
  CHECK(held.pending() == 100 + kPiece);
  first.reset();
  CHECK(held.pending() == 100 + kPiece);
  second.reset();
  CHECK(held.pending() == 0);
  CHECK(held.output() == 0);
}

TEST_CASE("held bytes: what a fill passes to its readers leaves the room of later fills",
          "[upstream]") {
  const HeldBytes held(1'000, 10'000);
  auto fills = held.hold_pending(std::string(700, 'a'));
  const auto readers = fills;
  CHECK_FALSE(held.pending_has_room(200));
  HeldBytes::pass_to_output(fills);
  HeldBytes::pass_to_output(fills);  // once is enough
  fills.reset();
  CHECK(held.pending() == 0);
  CHECK(held.output() == 700 + kPiece);
  CHECK(held.pending_has_room(200));
}

TEST_CASE("held bytes: output beyond its bound takes from what fills may hold", "[upstream]") {
  const HeldBytes held(1'000, 1'000);
  const auto waiting = held.hold_output(std::string(1'500 - kPiece, 'a'));
  CHECK_FALSE(held.output_has_room(0));
  CHECK(held.pending_has_room(500 - kPiece));
  CHECK_FALSE(held.pending_has_room(501 - kPiece));
}

TEST_CASE("held bytes: what is on its way out makes room for others, until it is gone",
          "[upstream]") {
  const HeldBytes held(1'000, 1'000);
  const auto waiting = held.hold_output(std::string(1'000 - kPiece, 'a'));
  CHECK_FALSE(held.output_will_have_room(1));
  held.begin_leaving(300);
  CHECK(held.output_will_have_room(300));
  CHECK_FALSE(held.output_will_have_room(301));
  CHECK_FALSE(held.output_has_room(1));
  held.end_leaving(300);
  CHECK_FALSE(held.output_will_have_room(1));
}

TEST_CASE("held bytes: chunks may outlive the accounts, and those of others are left alone",
          "[upstream]") {
  larder::Chunk last;
  {
    const HeldBytes held(1'000, 1'000);
    last = held.hold_pending("text");
  }
  CHECK(*last == "text");
  HeldBytes::pass_to_output(std::make_shared<const std::string>("nobody's"));
}

TEST_CASE("held bytes: other bounds count for what is asked from then on", "[upstream]") {
  HeldBytes held(1'000, 1'000);
  const auto fill = held.hold_pending(std::string(700, 'a'));
  const auto waiting = held.hold_output(std::string(700, 'a'));
  CHECK_FALSE(held.pending_has_room(500));
  CHECK_FALSE(held.output_has_room(500));
  held.set_bounds(2'000, 2'000);
  CHECK(held.pending_has_room(500));
  CHECK(held.output_has_room(500));
  held.set_bounds(100, 100);
  CHECK_FALSE(held.output_will_have_room(0));  // who waits longest is to be cut off
  CHECK(held.pending() == 700 + kPiece);
}
