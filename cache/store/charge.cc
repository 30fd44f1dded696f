// SPDX-License-Identifier: Apache-2.0
#include "cache/store/charge.h"

#include <algorithm>

#include "cache/store/format.h"

namespace larder {
namespace {

/// Transactions keep an object's pages in memory until they are committed.
constexpr std::uint64_t kLargestObject = 256u << 20;

void add(ObjectCharge& charge, const RowFootprint& row) {
  charge.small_bytes += row.leaf_bytes;
  charge.overflow_pages += row.overflow_pages;
}

}  // namespace

std::uint32_t ObjectCharge::bytes(std::uint64_t page_bytes, double filling) const {
  return static_cast<std::uint32_t>(overflow_pages * page_bytes) +
         static_cast<std::uint32_t>(small_bytes * filling);
}

ObjectCharge object_charge(std::uint64_t head_bytes, std::uint64_t body_length,
                           std::uint64_t page_bytes, const RowBounds& bounds) {
  ObjectCharge charge;
  const std::uint32_t chunks = chunk_count_of(body_length, bounds);
  const std::uint64_t in_head_row = head_bytes + (chunks == 0 ? body_length : 0);
  add(charge, row_footprint(kObjectKeyBytes, kFixedHeadBytes + in_head_row, page_bytes));
  for (std::uint32_t i = 0; i < chunks; ++i) {
    add(charge, row_footprint(kChunkKeyBytes, chunk_row_bytes(body_length, i, bounds), page_bytes));
  }
  add(charge, row_footprint(sizeof(std::uint32_t), kIndexRecordBytes, page_bytes));
  return charge;
}

std::uint64_t largest_body(const CacheConfig& config) {
  const std::uint64_t of_map = config.size / 1'000 * 15;
  const std::uint64_t wanted = config.max_object_bytes == 0 ? of_map : config.max_object_bytes;
  return std::min({wanted, config.size / 8, kLargestObject});
}

}  // namespace larder
