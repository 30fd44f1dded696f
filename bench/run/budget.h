// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace larder::bench {

/// What an object is charged, and how much all of them may take together.
struct Budget {
  enum class Charge {
    bytes,  ///< its body alone: what traces are compared by
    store,  ///< what larder's database takes for it, within a file of some bound
  };

  Charge charge = Charge::bytes;
  std::uint64_t capacity = 0;      ///< of what is charged
  std::uint64_t largest_body = 0;  ///< a larger one is never stored
  double low_water = 1;          ///< once full, eviction goes on down to this part of the capacity
  std::uint64_t cache_size = 0;  ///< the file's bound, for Charge::store

  std::uint64_t cost(std::uint64_t body_bytes) const;
};

/// The least `cache.size` that larderd takes.
inline constexpr std::uint64_t kLeastCacheBytes = std::uint64_t{1} << 20;

/// A cache that holds this many bytes of bodies.
Budget budget_of_bytes(std::uint64_t bytes);

/// larder with this `cache.size`.
Budget budget_of_store(std::uint64_t cache_size);

/// What a database of this `cache.size` takes for an object with a body of this length, with a head
/// of usual length.
std::uint64_t store_cost(std::uint64_t body_bytes, std::uint64_t cache_size);

/// The `cache.size` that has room for so much of store_cost().
std::uint64_t cache_size_for(std::uint64_t cost);

}  // namespace larder::bench
