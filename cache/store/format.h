// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "cache/eviction/eviction.h"
#include "cache/scope/key.h"

/// Small rows of the database. Numbers little endian, read and written by memcpy.
///
///   objects  CacheKey[40]                     -> object.cc
///   chunks   sequence u64 ‖ index u32         -> object.cc (both big endian)
///   held     sequence u64 (big endian)        -> u32, chunk rows at that sequence: of an object
///                                                that is gone, still read (held_rows.h)
///   index    slot u32 (native integer key)    -> IndexRecord
///   scopes   ScopeMac[32]                     -> scopes.cc
///   meta     "format"                         -> FormatRecord
///            "scopes"                         -> scopes.cc
///            "floor"                          -> f64, EvictionPolicy::floor(); may be missing
///            "epochs"                         -> epoch_rows.cc
///            "position:" feed                 -> FeedPosition::value
///   epochs   EpochRow::tag u64                -> epoch_rows.cc
///
/// index has one row for each head row of objects, written in the same transaction.
namespace larder {

/// Raised by any change to a row of any table, and to which tags objects carry (cache/tags/): a
/// larderd that raises others would purge too little. The store then begins anew.
inline constexpr std::uint32_t kFormatVersion = 8;
inline constexpr std::string_view kFormatKey = "format";
inline constexpr std::string_view kFloorKey = "floor";

/// The version, and a key made of fixed bytes: another install secret makes another one, and all
/// that is stored under the old one could never be found again.
struct FormatRecord {
  std::array<char, 44> bytes{};
  std::string_view view() const { return {bytes.data(), bytes.size()}; }
};
FormatRecord format_record(const KeyHasher& hasher);

/// The key of a row of `objects` is the CacheKey itself.
inline constexpr std::size_t kObjectKeyBytes = 40;

/// The key of a row of `held`.
class HeldRowKey {
 public:
  explicit HeldRowKey(std::uint64_t sequence);
  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }
  /// Nothing when these are no such key's bytes.
  static std::optional<std::uint64_t> sequence_of(std::string_view bytes);

 private:
  std::array<char, 8> bytes_;
};

/// The key of a row of `chunks`. A sequence is never used twice: replacing an object leaves the
/// rows of the old one alone.
inline constexpr std::size_t kChunkKeyBytes = 12;
class ChunkRowKey {
 public:
  ChunkRowKey(std::uint64_t sequence, std::uint32_t index);
  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }
  /// What the keys of all rows of the object begin with.
  std::string_view prefix() const { return view().substr(0, 8); }

 private:
  std::array<char, kChunkKeyBytes> bytes_;
};

/// What the store knows of an object without its row.
struct IndexRecord {
  CacheKey key;
  std::uint64_t sequence = 0;
  std::uint32_t small_bytes = 0;     ///< taken of pages shared with others, index row included
  std::uint32_t overflow_pages = 0;  ///< pages of its own
  std::uint32_t expires_s = 0;       ///< wall clock; of no use to anyone from then on
  EvictionState eviction;
};
inline constexpr std::size_t kIndexRecordBytes = 80;

std::array<char, kIndexRecordBytes> encode_index(std::uint32_t slot, const IndexRecord& record);
/// Nothing when the bytes are damaged.
std::optional<IndexRecord> decode_index(std::uint32_t slot, std::string_view bytes);

/// The key of a row of `index`.
struct SlotKey {
  explicit SlotKey(std::uint32_t number) : slot(number) {}
  std::uint32_t slot;
  std::string_view view() const { return {reinterpret_cast<const char*>(&slot), sizeof slot}; }
};

/// What one row takes of LMDB's pages: overflow pages of its own, or room in a leaf.
struct RowFootprint {
  std::uint32_t leaf_bytes = 0;
  std::uint32_t overflow_pages = 0;
};
RowFootprint row_footprint(std::size_t key_bytes, std::size_t value_bytes,
                           std::uint64_t page_bytes);

}  // namespace larder
