// SPDX-License-Identifier: Apache-2.0
#include "conf/base/anchored_clock.h"

#include <time.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace larder::test {

TEST_CASE("clock: freshness follows the system's clock ahead, and is never set back", "[clock]") {
  struct Case {
    const char* name;
    std::int64_t wall_ms;  ///< 10 s after the start, at which it was 1,000,000
    std::int64_t now_ms;   ///< expected
    std::int64_t ahead_ms;
  };
  const Case c = GENERATE(values<Case>({
      {"in step", 1'010'000, 1'010'000, 0},
      {"ahead by no more than a second", 1'011'000, 1'010'000, 0},
      {"ahead by more than a second", 1'011'001, 1'011'001, 0},
      {"set by NTP after a start in 1970", 1'700'000'000'000, 1'700'000'000'000, 0},
      {"behind by no more than a second", 1'009'000, 1'010'000, 0},
      {"behind by more than a second", 1'008'999, 1'010'000, 1'001},
      {"set back by an hour", 1'010'000 - 3'600'000, 1'010'000, 3'600'000},
  }));
  DYNAMIC_SECTION(c.name) {
    AnchoredClock clock(WallTime{1'000'000}, MonotonicTime{500});
    const std::int64_t jumped = clock.follow(WallTime{c.wall_ms}, MonotonicTime{10'500});
    CHECK(clock.at(MonotonicTime{10'500}).ms == c.now_ms);
    CHECK(clock.ahead_ms() == c.ahead_ms);
    CHECK(jumped == c.now_ms - 1'010'000);
  }
}

TEST_CASE("clock: ahead of a clock that was set back it goes on, until that has caught up",
          "[clock]") {
  AnchoredClock clock(WallTime{100'000}, MonotonicTime{0});
  clock.follow(WallTime{95'000}, MonotonicTime{1'000});
  CHECK(clock.at(MonotonicTime{2'000}).ms == 102'000);
  CHECK(clock.ahead_ms() == 6'000);
  clock.follow(WallTime{102'500}, MonotonicTime{2'000});
  CHECK(clock.ahead_ms() == 0);
  CHECK(clock.at(MonotonicTime{2'000}).ms == 102'000);
}

TEST_CASE("clock: the monotonic clock goes on in a suspend", "[clock]") {
  timespec boot{};
  REQUIRE(clock_gettime(CLOCK_BOOTTIME, &boot) == 0);
  const std::int64_t before = boot.tv_sec * 1'000 + boot.tv_nsec / 1'000'000;
  const std::int64_t now = monotonic_now().ms;
  REQUIRE(clock_gettime(CLOCK_BOOTTIME, &boot) == 0);
  CHECK(now >= before);
  CHECK(now <= boot.tv_sec * 1'000 + boot.tv_nsec / 1'000'000);
}

}  // namespace larder::test
