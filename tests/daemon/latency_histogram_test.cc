// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/latency_histogram.h"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace larder;

TEST_CASE("latency: a bucket's bound is above what is in it, and by a quarter at most",
          "[daemon]") {
  const auto us = GENERATE(values<std::uint64_t>(
      {0, 1, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 1'000, 1'023, 1'024, 999'999, 100'000'000}));
  CAPTURE(us);
  const auto bound = LatencyHistogram::bound_us(LatencyHistogram::bucket_of(us));
  CHECK(bound > us);
  CHECK(bound <= us + us / 4 + 1);
}

TEST_CASE("latency: buckets are in order, and the last takes what is longer", "[daemon]") {
  for (std::size_t bucket = 1; bucket < LatencyHistogram::kBuckets; ++bucket) {
    CAPTURE(bucket);
    CHECK(LatencyHistogram::bound_us(bucket) > LatencyHistogram::bound_us(bucket - 1));
    CHECK(LatencyHistogram::bucket_of(LatencyHistogram::bound_us(bucket - 1)) == bucket);
  }
  CHECK(LatencyHistogram::bucket_of(~std::uint64_t{0}) == LatencyHistogram::kBuckets - 1);
}

TEST_CASE("latency: several histograms as JSON, without what is empty", "[daemon]") {
  LatencyHistogram one, other;
  const std::array<const LatencyHistogram*, 2> both = {&one, &other};
  CHECK(latency_json(both) == "[]");
  one.add(0);
  one.add(9);
  other.add(9);
  CHECK(latency_json(both) == "[[1,1],[10,2]]");
}

TEST_CASE("latency: the few bounds are among all", "[daemon]") {
  for (const std::uint64_t bound_us : LatencyHistogram::kFewBoundsUs) {
    CAPTURE(bound_us);
    CHECK(LatencyHistogram::bound_us(LatencyHistogram::bucket_of(bound_us) - 1) == bound_us);
  }
}
