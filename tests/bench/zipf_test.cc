// SPDX-License-Identifier: Apache-2.0
#include "bench/load/zipf.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <vector>

using larder::bench::Random;
using larder::bench::zipf_draws;

namespace {

std::vector<double> counts_of(const std::vector<std::uint32_t>& draws, std::uint32_t keys) {
  std::vector<double> counts(keys);
  for (const std::uint32_t key : draws) counts.at(key) += 1;
  return counts;
}

}  // namespace

TEST_CASE("random: the numbers of splitmix64", "[bench]") {
  Random random(1234567);
  CHECK(random.next() == 6457827717110365317u);
  CHECK(random.next() == 3203168211198807973u);
}

TEST_CASE("zipf: the second key is asked for half as often as the first", "[bench]") {
  const auto counts = counts_of(zipf_draws(1'000, 1.0, 1'000'000, 1), 1'000);
  CHECK_THAT(counts[0] / counts[1], Catch::Matchers::WithinRel(2.0, 0.05));
  CHECK_THAT(counts[0] / counts[9], Catch::Matchers::WithinRel(10.0, 0.05));
  // 1 / H(1000)
  CHECK_THAT(counts[0] / 1e6, Catch::Matchers::WithinRel(0.1336, 0.02));
}

TEST_CASE("zipf: exponent 0 makes all keys alike", "[bench]") {
  const auto counts = counts_of(zipf_draws(10, 0.0, 1'000'000, 1), 10);
  const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
  CHECK_THAT(*most / *least, Catch::Matchers::WithinRel(1.0, 0.03));
}

TEST_CASE("zipf: a seed stands for one order, and one key for itself", "[bench]") {
  CHECK(zipf_draws(100, 1.0, 1'000, 7) == zipf_draws(100, 1.0, 1'000, 7));
  CHECK(zipf_draws(100, 1.0, 1'000, 7) != zipf_draws(100, 1.0, 1'000, 8));
  CHECK(zipf_draws(1, 1.0, 3, 7) == std::vector<std::uint32_t>{0, 0, 0});
}
