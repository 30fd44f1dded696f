// SPDX-License-Identifier: Apache-2.0
#include "cache/store/format.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <span>

namespace larder {
namespace {

/// IndexRecord as it lies in its row.
struct PackedIndex {
  std::uint64_t checksum;  ///< XXH3-64 of the rest, seeded with the slot
  std::uint8_t key[40];
  std::uint64_t sequence;
  std::uint32_t small_bytes, overflow_pages, expires_s, frequency;
  double priority;
};
static_assert(sizeof(PackedIndex) == kIndexRecordBytes);

std::uint64_t checksum(std::uint32_t slot, const PackedIndex& packed) {
  const auto* bytes = reinterpret_cast<const char*>(&packed);
  return XXH3_64bits_withSeed(bytes + sizeof packed.checksum,
                              sizeof packed - sizeof packed.checksum, slot);
}

template <class Number>
void write_big_endian(Number number, std::span<char> bytes) {
  for (std::size_t i = 0; i < sizeof number; ++i) {
    bytes[i] = static_cast<char>(number >> (8 * (sizeof number - 1 - i)));
  }
}

}  // namespace

FormatRecord format_record(const KeyHasher& hasher) {
  FormatRecord record;
  const CacheKey mark = hasher.key(ScopeMac{}, "larder database", 6);
  std::memcpy(record.bytes.data(), &kFormatVersion, sizeof kFormatVersion);
  std::memcpy(record.bytes.data() + sizeof kFormatVersion, mark.bytes.data(), mark.bytes.size());
  return record;
}

HeldRowKey::HeldRowKey(std::uint64_t sequence) {
  write_big_endian(sequence, bytes_);
}

std::optional<std::uint64_t> HeldRowKey::sequence_of(std::string_view bytes) {
  if (bytes.size() != sizeof(std::uint64_t)) return std::nullopt;
  std::uint64_t sequence = 0;
  for (const char byte : bytes) sequence = sequence << 8 | static_cast<std::uint8_t>(byte);
  return sequence;
}

ChunkRowKey::ChunkRowKey(std::uint64_t sequence, std::uint32_t index) {
  const std::span<char> bytes(bytes_);
  write_big_endian(sequence, bytes.first(8));
  write_big_endian(index, bytes.subspan(8));
}

std::array<char, kIndexRecordBytes> encode_index(std::uint32_t slot, const IndexRecord& record) {
  PackedIndex packed{};
  std::copy(record.key.bytes.begin(), record.key.bytes.end(), packed.key);
  packed.sequence = record.sequence;
  packed.small_bytes = record.small_bytes;
  packed.overflow_pages = record.overflow_pages;
  packed.expires_s = record.expires_s;
  packed.frequency = record.eviction.frequency;
  packed.priority = record.eviction.priority;
  packed.checksum = checksum(slot, packed);
  std::array<char, kIndexRecordBytes> bytes;
  std::memcpy(bytes.data(), &packed, sizeof packed);
  return bytes;
}

std::optional<IndexRecord> decode_index(std::uint32_t slot, std::string_view bytes) {
  PackedIndex packed;
  if (bytes.size() != sizeof packed) return std::nullopt;
  std::memcpy(&packed, bytes.data(), sizeof packed);
  if (packed.checksum != checksum(slot, packed)) return std::nullopt;
  IndexRecord record;
  std::copy(std::begin(packed.key), std::end(packed.key), record.key.bytes.begin());
  record.sequence = packed.sequence;
  record.small_bytes = packed.small_bytes;
  record.overflow_pages = packed.overflow_pages;
  record.expires_s = packed.expires_s;
  record.eviction = {packed.frequency, packed.priority};
  return record;
}

// LMDB's arithmetic: a node is an 8 byte header, key and value, padded to even, and a 2 byte
// pointer to it; one that would not let two into a page keeps a page number and moves its value
// out.
RowFootprint row_footprint(std::size_t key_bytes, std::size_t value_bytes,
                           std::uint64_t page_bytes) {
  constexpr std::uint64_t kPageHeader = 16;
  constexpr std::uint64_t kNodeHeader = 8;
  constexpr std::uint64_t kPointer = 2;
  const std::uint64_t largest_node =
      (((page_bytes - kPageHeader) / 2) & ~std::uint64_t{1}) - kPointer;
  const std::uint64_t node = kNodeHeader + key_bytes + value_bytes;
  RowFootprint footprint;
  std::uint64_t in_leaf = node;
  if (node > largest_node) {
    in_leaf = kNodeHeader + key_bytes + sizeof(std::uint64_t);
    footprint.overflow_pages =
        static_cast<std::uint32_t>((kPageHeader - 1 + value_bytes) / page_bytes + 1);
  }
  footprint.leaf_bytes = static_cast<std::uint32_t>(((in_leaf + 1) & ~std::uint64_t{1}) + kPointer);
  return footprint;
}

}  // namespace larder
