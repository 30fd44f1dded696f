// SPDX-License-Identifier: Apache-2.0
#include "bench/load/zipf.h"

#include <algorithm>
#include <cmath>

namespace larder::bench {

std::uint64_t Random::next() {
  std::uint64_t mixed = (state_ += 0x9E3779B97F4A7C15u);
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
  return mixed ^ (mixed >> 31);
}

double Random::next_unit() {
  return static_cast<double>(next() >> 11) * 0x1p-53;
}

std::vector<std::uint32_t> zipf_draws(std::uint32_t keys, double exponent, std::size_t draws,
                                      std::uint64_t seed) {
  std::vector<double> up_to(keys);
  double sum = 0;
  for (std::uint32_t i = 0; i < keys; ++i) {
    sum += std::pow(static_cast<double>(i) + 1, -exponent);
    up_to[i] = sum;
  }
  Random random(seed);
  std::vector<std::uint32_t> drawn(draws);
  for (std::uint32_t& key : drawn) {
    const auto found = std::upper_bound(up_to.begin(), up_to.end(), random.next_unit() * sum);
    key = std::min(keys - 1, static_cast<std::uint32_t>(found - up_to.begin()));
  }
  return drawn;
}

}  // namespace larder::bench
