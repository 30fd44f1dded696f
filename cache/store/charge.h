// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cache/store/object.h"
#include "conf/config.h"

/// What objects take of the database file, and how much of it they may take: for the writer, and
/// for whoever wants to know beforehand how much a cache of some size will hold.
namespace larder {

// In per cent of the file's bound.
inline constexpr std::uint64_t kHighMark = 80;  ///< eviction begins
inline constexpr std::uint64_t kLowMark = 75;   ///< eviction ends
inline constexpr std::uint64_t kCeiling = 84;   ///< nothing is stored that would go beyond

/// Bytes of pages for each byte of rows that share them: random keys fill leaf pages by some 70 %.
/// Until there is something to measure.
inline constexpr double kUsualFilling = 1.45;

/// The rows of one object, in both tables.
struct ObjectCharge {
  std::uint32_t small_bytes = 0;     ///< taken of pages shared with others
  std::uint32_t overflow_pages = 0;  ///< pages of its own

  std::uint32_t bytes(std::uint64_t page_bytes, double filling) const;
};

/// `head_bytes`: canonical request, fields and tags. `body_length`: as stored, which is as sent.
ObjectCharge object_charge(std::uint64_t head_bytes, std::uint64_t body_length,
                           std::uint64_t page_bytes, const RowBounds& bounds);

/// The largest body that is stored.
std::uint64_t largest_body(const CacheConfig& config);

}  // namespace larder
