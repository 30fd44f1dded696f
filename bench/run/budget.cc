// SPDX-License-Identifier: Apache-2.0
#include "bench/run/budget.h"

#include "cache/store/charge.h"

namespace larder::bench {
namespace {

constexpr std::uint64_t kPageBytes = 4'096;

/// Canonical request and fields of an answer of the Content Delivery API.
constexpr std::uint64_t kUsualHeadBytes = 500;

}  // namespace

std::uint64_t Budget::cost(std::uint64_t body_bytes) const {
  return charge == Charge::bytes ? body_bytes : store_cost(body_bytes, cache_size);
}

Budget budget_of_bytes(std::uint64_t bytes) {
  return {Budget::Charge::bytes, bytes, bytes, 1};
}

Budget budget_of_store(std::uint64_t cache_size) {
  CacheConfig config;
  config.size = cache_size;
  return {Budget::Charge::store, cache_size / 100 * kHighMark, largest_body(config),
          static_cast<double>(kLowMark) / kHighMark, cache_size};
}

std::uint64_t store_cost(std::uint64_t body_bytes, std::uint64_t cache_size) {
  const RowBounds bounds = row_bounds(kPageBytes, cache_size / kPageBytes);
  return object_charge(kUsualHeadBytes, body_bytes, kPageBytes, bounds)
      .bytes(kPageBytes, kUsualFilling);
}

std::uint64_t cache_size_for(std::uint64_t cost) {
  return cost / kHighMark * 100;
}

}  // namespace larder::bench
