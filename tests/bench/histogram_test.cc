// SPDX-License-Identifier: Apache-2.0
#include "bench/load/histogram.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cstdint>
#include <limits>

using larder::bench::Histogram;

namespace {

bool within_a_thousandth(std::uint64_t seen, std::uint64_t wanted) {
  const std::uint64_t off = seen > wanted ? seen - wanted : wanted - seen;
  return off <= wanted / 1'000;
}

}  // namespace

TEST_CASE("histogram: an empty one answers zero to everything", "[bench]") {
  const Histogram empty;
  CHECK(empty.count() == 0);
  CHECK(empty.min() == 0);
  CHECK(empty.max() == 0);
  CHECK(empty.percentile(50) == 0);
  CHECK(empty.mean() == 0);
}

TEST_CASE("histogram: small values are kept exactly", "[bench]") {
  Histogram times;
  for (std::uint64_t value = 1; value <= 1'000; ++value) times.add(value);
  CHECK(times.percentile(0) == 1);
  CHECK(times.percentile(0.1) == 1);
  CHECK(times.percentile(50) == 500);
  CHECK(times.percentile(99) == 990);
  CHECK(times.percentile(100) == 1'000);
  CHECK_THAT(times.mean(), Catch::Matchers::WithinRel(500.5, 1e-9));
}

TEST_CASE("histogram: every magnitude is known to three digits", "[bench]") {
  for (std::uint64_t value = 1; value < std::numeric_limits<std::uint64_t>::max() / 3; value *= 3) {
    Histogram times;
    times.add(0);
    times.add(value);
    times.add(std::numeric_limits<std::uint64_t>::max());
    CAPTURE(value, times.percentile(50));
    CHECK(within_a_thousandth(times.percentile(50), value));
  }
}

TEST_CASE("histogram: a percentile never leaves what was added", "[bench]") {
  Histogram times;
  times.add(1'000'003);
  CHECK(times.percentile(1) == 1'000'003);
  CHECK(times.percentile(100) == 1'000'003);
}

TEST_CASE("histogram: a rank between two values takes the upper one", "[bench]") {
  Histogram times;
  times.add(10);
  times.add(20);
  CHECK(times.percentile(50) == 10);
  CHECK(times.percentile(50.1) == 20);
}

TEST_CASE("histogram: merging is as if all had been added to one", "[bench]") {
  Histogram left;
  Histogram right;
  Histogram both;
  for (std::uint64_t value = 7; value < 100'000; value += 13) {
    (value % 2 == 0 ? left : right).add(value);
    both.add(value);
  }
  left.merge(right);
  left.merge(Histogram());
  CHECK(left.count() == both.count());
  CHECK(left.min() == both.min());
  CHECK(left.max() == both.max());
  CHECK(left.percentile(90) == both.percentile(90));
}
