// SPDX-License-Identifier: Apache-2.0
#include "bench/run/statistics.h"

#include <catch2/catch_test_macros.hpp>

using namespace larder::bench;

TEST_CASE("statistics: the median is the middle, or between the two middle ones", "[bench]") {
  CHECK(median({}) == 0);
  CHECK(median({3}) == 3);
  CHECK(median({9, 1, 2}) == 2);
  CHECK(median({1, 2, 4, 100}) == 3);
}

TEST_CASE("statistics: a ratio is taken round by round, so that a slow round cancels out",
          "[bench]") {
  CHECK(median_ratio({2, 20, 2}, {1, 10, 1}) == 2);
  CHECK(median_ratio({2, 4}, {1}) == 2);
  CHECK(median_ratio({2, 4}, {0, 1}) == 4);
  CHECK(median_ratio({}, {}) == 0);
}
