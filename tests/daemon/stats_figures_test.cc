// SPDX-License-Identifier: Apache-2.0
#include "daemon/stats_figures.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

using namespace larder;
using Catch::Matchers::WithinAbs;

TEST_CASE("stats figures: quantiles of what was counted in between", "[daemon]") {
  struct Case {
    const char* name;
    StatsSample::Histogram before, now;
    double share;
    std::optional<std::uint64_t> expected;
  };
  const auto c = GENERATE(values<Case>({
      {"nothing ever", {}, {}, 0.5, std::nullopt},
      {"nothing lately", {{8, 2}}, {{8, 2}}, 0.5, std::nullopt},
      {"half is within the first", {}, {{1, 5}, {8, 5}}, 0.5, 1},
      {"more than half is not", {}, {{1, 5}, {8, 5}}, 0.51, 8},
      {"what was before does not count", {{1, 5}}, {{1, 5}, {8, 1}}, 0.5, 8},
      {"all", {}, {{1, 99}, {1'000, 1}}, 1, 1'000},
      {"an empty bucket is no answer", {{1, 5}}, {{1, 5}, {2, 3}}, 0, 2},
  }));
  DYNAMIC_SECTION(c.name) {
    CAPTURE(c.share);
    CHECK(quantile(c.before, c.now, c.share) == c.expected);
  }
}

TEST_CASE("stats figures: rates, and the hit rate of what the store may answer", "[daemon]") {
  StatsSample before, now;
  before.requests = {{"hit", 10}, {"miss", 2}};
  before.uptime_s = 5;
  before.fills = 1;
  before.purges = 1;
  now.requests = {{"hit", 16}, {"stale_error", 1}, {"miss", 3}, {"pass", 4}, {"failed", 2}};
  now.uptime_s = 7;
  now.fills = 5;
  now.purges = 3;
  const StatsFigures figures = compare(before, now, 2);
  CHECK_THAT(figures.requests_per_s, WithinAbs(7, 0.001));
  CHECK_THAT(figures.groups[0].per_s, WithinAbs(3, 0.001));    // hit
  CHECK_THAT(figures.groups[1].per_s, WithinAbs(0.5, 0.001));  // stale
  CHECK_THAT(figures.groups[3].per_s, WithinAbs(2, 0.001));    // passed
  REQUIRE(figures.hit_rate);
  CHECK_THAT(*figures.hit_rate, WithinAbs(0.7, 0.001));
  REQUIRE(figures.hit_rate_since_start);
  CHECK_THAT(*figures.hit_rate_since_start, WithinAbs(17.0 / 22, 0.001));
  CHECK_THAT(figures.fills_per_s, WithinAbs(2, 0.001));
  CHECK(figures.purges == 2);
}

TEST_CASE("stats figures: a daemon that has started anew counts from nothing", "[daemon]") {
  StatsSample before, now;
  before.requests = {{"hit", 100}};
  before.uptime_s = 50;
  now.requests = {{"hit", 3}};
  now.uptime_s = 1;
  const StatsFigures figures = compare(before, now, 1);
  CHECK_THAT(figures.requests_per_s, WithinAbs(3, 0.001));
  CHECK_FALSE(compare(now, now, 1).hit_rate);
}
