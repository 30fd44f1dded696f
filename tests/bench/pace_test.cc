// SPDX-License-Identifier: Apache-2.0
#include "bench/load/pace.h"

#include <catch2/catch_test_macros.hpp>

using larder::bench::Pace;

TEST_CASE("pace: requests are due at even distances from the start", "[bench]") {
  Pace pace(1'000, 5'000'000);
  CHECK_FALSE(pace.is_due(4'999'999));
  CHECK(pace.is_due(5'000'000));
  CHECK(pace.take(5'000'000) == 5'000'000);
  CHECK(pace.next_ns() == 6'000'000);
}

TEST_CASE("pace: a request that is sent late counts from when it was due", "[bench]") {
  Pace pace(1'000, 0);
  const std::uint64_t late = 50'000'000;
  CHECK(pace.take(late) == 0);
  CHECK(pace.take(late) == 1'000'000);
  CHECK(pace.is_due(late));
}

TEST_CASE("pace: without a rate all is due, and counts from when it is sent", "[bench]") {
  Pace pace(0, 77);
  CHECK_FALSE(pace.is_open());
  CHECK(pace.is_due(0));
  CHECK(pace.take(123) == 123);
}
