// SPDX-License-Identifier: Apache-2.0
#include "cache/store/unknown_places.h"

#include <catch2/catch_test_macros.hpp>

using namespace larder;

namespace {

constexpr WallTime kStart{1'000'000};
constexpr WallTime kNow{1'010'000};

Lifetime stored_at(std::int64_t ms) {
  return {{ms}, {2'000'000}, {2'000'000}, {2'000'000}};
}

bool is_fresh(const UnknownPlaces& places, std::uint64_t place, std::int64_t stored_ms = 900'000) {
  return judge(places.bounded(stored_at(stored_ms), place, kNow), kNow) == Freshness::fresh;
}

}  // namespace

TEST_CASE("What was stored in an unknown place before the start is not fresh") {
  UnknownPlaces places;
  places.begin({1, 2}, UnknownPlaces::Besides::none, kStart, kStart);
  CHECK_FALSE(is_fresh(places, 1));
  CHECK(is_fresh(places, 1, kStart.ms + 1));
  CHECK(is_fresh(places, 3));
  places.end(1);
  CHECK(is_fresh(places, 1));
  CHECK_FALSE(places.empty());
  places.end(2);
  CHECK(places.empty());
}

TEST_CASE("All other places are unknown until they are known together") {
  UnknownPlaces places;
  places.begin({1}, UnknownPlaces::Besides::others, kStart, kStart);
  CHECK_FALSE(is_fresh(places, 1));
  CHECK_FALSE(is_fresh(places, 3));
  SECTION("those that are named have their own end, whichever comes first") {
    places.end(1);
    CHECK(is_fresh(places, 1));
    CHECK_FALSE(is_fresh(places, 3));
    CHECK_FALSE(places.empty());
    places.end_others();
  }
  SECTION("or the others come first") {
    places.end_others();
    CHECK_FALSE(is_fresh(places, 1));
    CHECK(is_fresh(places, 3));
    places.end(1);
  }
  CHECK(is_fresh(places, 1));
  CHECK(is_fresh(places, 3));
  CHECK(places.empty());
}

TEST_CASE("Where others tell of all places, each is unknown until they have, too") {
  UnknownPlaces places;
  places.begin({1}, UnknownPlaces::Besides::all, kStart, kStart);
  CHECK_FALSE(is_fresh(places, 1));
  CHECK_FALSE(is_fresh(places, 3));
  SECTION("a place that is known by itself waits for them") {
    places.end(1);
    CHECK_FALSE(is_fresh(places, 1));
    CHECK_FALSE(places.empty());
    places.end_others();
  }
  SECTION("and they for it") {
    places.end_others();
    CHECK_FALSE(is_fresh(places, 1));
    CHECK(is_fresh(places, 3));
    places.end(1);
  }
  CHECK(is_fresh(places, 1));
  CHECK(is_fresh(places, 3));
  CHECK(places.empty());
}
