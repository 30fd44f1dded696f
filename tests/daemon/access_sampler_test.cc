// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/access_sampler.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cmath>

using larder::AccessSampler;

TEST_CASE("access sampler: lines and their weights add up to the requests", "[daemon]") {
  const double fraction = GENERATE(0.001, 0.01, 0.25, 0.5, 0.999);
  const int every = GENERATE(1, 2, 10, 64);  // only each such request: they come in turns
  CAPTURE(fraction, every);
  AccessSampler sampler(7);
  constexpr int kRequests = 200'000;
  double sum = 0;
  for (int i = 0; i < kRequests * every; ++i) {
    const double share = sampler.take(fraction, false);
    if (i % every != 0 || share == 0) continue;
    CHECK(share == fraction);
    sum += 1 / share;
  }
  const double deviation = std::sqrt(kRequests * (1 - fraction) / fraction);
  CHECK(std::abs(sum - kRequests) < 5 * deviation);
}

TEST_CASE("access sampler: errors are always lines, and all is at 1", "[daemon]") {
  AccessSampler sampler(7);
  for (int i = 0; i < 1'000; ++i) {
    REQUIRE(sampler.take(0, false) == 0);
    REQUIRE(sampler.take(0, true) == 1);
    REQUIRE(sampler.take(0.01, true) == 1);
    REQUIRE(sampler.take(1, false) == 1);
  }
}
