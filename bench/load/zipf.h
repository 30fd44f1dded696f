// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace larder::bench {

/// A small generator (splitmix64): the same numbers on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  double next_unit();  ///< in [0, 1)

 private:
  std::uint64_t state_;
};

/// `draws` keys out of [0, keys), key i with a probability that falls as 1 / (i + 1)^exponent.
std::vector<std::uint32_t> zipf_draws(std::uint32_t keys, double exponent, std::size_t draws,
                                      std::uint64_t seed);

}  // namespace larder::bench
