// SPDX-License-Identifier: Apache-2.0
#include "cache/store/snapshot_format.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <cstring>
#include <type_traits>

#include "cache/store/format.h"
#include "conf/base/check.h"

// snapshot = PackedHeader, block..., block of kind kEnd
// block    = PackedBlock, payload, u64 checksum: XXH3-64 of PackedBlock and payload
// payload of kRows = (u16 length of the key, u32 length of the value, key, value)...
// payload of kEnd  = PackedEnd; of kFailed = the reason as text
// Numbers are of the machine that wrote them, as are those in the rows: kOrder tells its kind.

namespace larder {
namespace {

constexpr std::array<char, 16> kMagic{'l', 'a', 'r', 'd', 'e', 'r', ' ', 's',
                                      'n', 'a', 'p', 's', 'h', 'o', 't', '\n'};
constexpr std::uint32_t kOrder = 0x0A0B0C0D;
constexpr std::uint32_t kFileVersion = 1;

constexpr std::uint8_t kRows = 1;
constexpr std::uint8_t kEnd = 2;
constexpr std::uint8_t kFailed = 3;

struct PackedHeader {
  std::array<char, 16> magic;
  std::uint32_t order, file_version, store_format, page_bytes;
  std::int64_t taken_ms;
  std::array<std::uint8_t, 32> secret;
  std::uint64_t checksum;  ///< XXH3-64 of the rest
};
static_assert(sizeof(PackedHeader) == 80 && std::has_unique_object_representations_v<PackedHeader>);

struct PackedBlock {
  std::uint8_t kind, table;
  std::uint16_t zero;
  std::uint32_t bytes;
};
static_assert(sizeof(PackedBlock) == 8 && std::has_unique_object_representations_v<PackedBlock>);

struct PackedEnd {
  std::uint64_t objects, rows, bytes_before;
};
static_assert(std::has_unique_object_representations_v<PackedEnd>);

template <class Packed>
std::string_view view(const Packed& packed) {
  return {reinterpret_cast<const char*>(&packed), sizeof packed};
}

template <class Packed>
Packed packed_of(std::string_view bytes) {
  Packed packed;
  std::memcpy(&packed, bytes.data(), sizeof packed);
  return packed;
}

std::uint64_t checksum_of(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t checksum_of(const PackedHeader& header) {
  return checksum_of(view(header).substr(0, sizeof header - sizeof header.checksum), 0);
}

constexpr std::size_t kRowHead = sizeof(std::uint16_t) + sizeof(std::uint32_t);

}  // namespace

// --- SnapshotEncoder
// ------------------------------------------------------------------------------

SnapshotEncoder::SnapshotEncoder(const SnapshotHeader& header) {
  PackedHeader packed{.magic = kMagic,
                      .order = kOrder,
                      .file_version = kFileVersion,
                      .store_format = header.store_format,
                      .page_bytes = header.page_bytes,
                      .taken_ms = header.taken.ms,
                      .secret = header.secret.bytes,
                      .checksum = 0};
  packed.checksum = seed_ = checksum_of(packed);
  out_ = view(packed);
  totals_.bytes = out_.size();
}

void SnapshotEncoder::add(SnapshotTable table, std::string_view key, std::string_view value) {
  LARDER_CHECK(key.size() <= UINT16_MAX && value.size() <= SnapshotScanner::kMostBlockBytes / 2);
  const bool fits = rows_.size() + kRowHead + key.size() + value.size() <= kBlockBytes;
  if (table != table_ || !fits) close_rows();
  table_ = table;
  rows_.append(view(static_cast<std::uint16_t>(key.size())));
  rows_.append(view(static_cast<std::uint32_t>(value.size())));
  rows_.append(key).append(value);
  ++totals_.rows;
  totals_.objects += table == SnapshotTable::objects;
}

void SnapshotEncoder::close_rows() {
  if (!rows_.empty()) add_block(kRows, static_cast<std::uint8_t>(table_), rows_);
  rows_.clear();
}

void SnapshotEncoder::add_block(std::uint8_t kind, std::uint8_t table, std::string_view payload) {
  const std::size_t begin = out_.size();
  out_.append(view(PackedBlock{kind, table, 0, static_cast<std::uint32_t>(payload.size())}));
  out_.append(payload);
  const std::uint64_t sum = checksum_of(std::string_view(out_).substr(begin), seed_ + ++number_);
  out_.append(view(sum));
  totals_.bytes += out_.size() - begin;
}

std::string SnapshotEncoder::take() {
  return std::exchange(out_, {});
}

void SnapshotEncoder::end() {
  close_rows();
  const PackedEnd packed{totals_.objects, totals_.rows, totals_.bytes};
  add_block(kEnd, 0, view(packed));
}

void SnapshotEncoder::fail(std::string_view why) {
  rows_.clear();
  add_block(kFailed, 0, why);
}

// --- SnapshotScanner
// ------------------------------------------------------------------------------

Result<void> SnapshotScanner::damaged(const char* what) const {
  return larder::fail(Error::Code::corrupt,
                      "it is damaged near byte " + std::to_string(at_) + " (" + what +
                          "): copy it again from where it was taken, or take a new one");
}

Result<void> SnapshotScanner::feed(std::string_view bytes) {
  waiting_.append(bytes);
  bool more = true;
  while (more && !error_) {
    if (Result<void> done = step(more); !done) error_ = done.error();
  }
  if (error_) return tl::unexpected<Error>(*error_);
  return {};
}

/// Takes the next part off what waits; `more` = there was one.
Result<void> SnapshotScanner::step(bool& more) {
  more = false;
  if (!has_header_) {
    if (waiting_.size() < sizeof(PackedHeader)) return {};
    if (Result<void> read = read_header(waiting_); !read) return read;
    waiting_.erase(0, sizeof(PackedHeader));
    at_ += sizeof(PackedHeader);
    more = has_header_ = true;
    return {};
  }
  if (waiting_.empty()) return {};
  if (ended_) return damaged("bytes behind the end");
  if (waiting_.size() < sizeof(PackedBlock)) return {};
  const auto block = packed_of<PackedBlock>(waiting_);
  if (block.bytes > kMostBlockBytes) return damaged("the length of a block");
  const std::size_t summed = sizeof block + block.bytes;
  if (waiting_.size() < summed + sizeof(std::uint64_t)) return {};
  const std::string_view all = waiting_;
  const auto sum = packed_of<std::uint64_t>(all.substr(summed));
  if (sum != checksum_of(all.substr(0, summed), seed_ + ++number_)) return damaged("a checksum");
  Result<void> read = read_block(block.kind, block.table, all.substr(sizeof block, block.bytes));
  if (!read) return read;
  at_ += summed + sizeof sum;
  waiting_.erase(0, summed + sizeof sum);
  more = true;
  return {};
}

Result<void> SnapshotScanner::read_header(std::string_view bytes) {
  const auto packed = packed_of<PackedHeader>(bytes);
  if (packed.magic != kMagic) {
    return larder::fail(Error::Code::invalid, "it is not a snapshot of larder");
  }
  if (packed.order != kOrder) {
    return larder::fail(Error::Code::invalid,
                        "it was taken on a machine of another kind (byte order): take one there "
                        "that is of this kind, or begin with an empty cache");
  }
  const auto other = [](const char* what, std::uint32_t theirs, std::uint32_t ours) {
    return larder::fail(Error::Code::invalid,
                        std::string("it has ") + what + " " + std::to_string(theirs) +
                            ", this larderd reads " + std::to_string(ours) +
                            ": take it with a larderd of the same version, or begin with an "
                            "empty cache");
  };
  if (packed.file_version != kFileVersion) {
    return other("the snapshot format", packed.file_version, kFileVersion);
  }
  if (packed.checksum != checksum_of(packed)) return damaged("the header");
  if (packed.store_format != kFormatVersion) {
    return other("the store format", packed.store_format, kFormatVersion);
  }
  seed_ = packed.checksum;
  if (!ways_.on_header) return {};
  SnapshotHeader header{packed.store_format, packed.page_bytes, {packed.taken_ms}, {}};
  header.secret.bytes = packed.secret;
  return ways_.on_header(header);
}

Result<void> SnapshotScanner::read_block(std::uint8_t kind, std::uint8_t table,
                                         std::string_view payload) {
  if (kind == kEnd) return read_end(payload);
  if (kind == kFailed) {
    return larder::fail(Error::Code::unavailable, std::string(payload));
  }
  if (kind != kRows || table >= kSnapshotTables) return damaged("the kind of a block");
  return read_rows(static_cast<SnapshotTable>(table), payload);
}

Result<void> SnapshotScanner::read_rows(SnapshotTable table, std::string_view payload) {
  while (!payload.empty()) {
    if (payload.size() < kRowHead) return damaged("a row");
    const std::size_t key_bytes = packed_of<std::uint16_t>(payload);
    const std::size_t value_bytes = packed_of<std::uint32_t>(payload.substr(sizeof(std::uint16_t)));
    payload.remove_prefix(kRowHead);
    if (key_bytes == 0 || payload.size() < key_bytes + value_bytes) return damaged("a row");
    ++totals_.rows;
    totals_.objects += table == SnapshotTable::objects;
    if (ways_.on_row) {
      Result<void> done =
          ways_.on_row(table, payload.substr(0, key_bytes), payload.substr(key_bytes, value_bytes));
      if (!done) return done;
    }
    payload.remove_prefix(key_bytes + value_bytes);
  }
  return {};
}

Result<void> SnapshotScanner::read_end(std::string_view payload) {
  if (payload.size() != sizeof(PackedEnd)) return damaged("the end");
  const auto packed = packed_of<PackedEnd>(payload);
  if (packed.objects != totals_.objects || packed.rows != totals_.rows ||
      packed.bytes_before != at_) {
    return damaged("the sums at the end");
  }
  ended_ = true;
  return {};
}

Result<SnapshotTotals> SnapshotScanner::finish() {
  if (error_) return tl::unexpected<Error>(*error_);
  if (!ended_ || !waiting_.empty()) {
    const std::uint64_t there = at_ + waiting_.size();
    return larder::fail(Error::Code::corrupt,
                        "it is truncated: its end is missing behind " + std::to_string(there) +
                            " bytes; copy it again from where it was taken, or take a new one");
  }
  SnapshotTotals totals = totals_;
  totals.bytes = at_;
  return totals;
}

}  // namespace larder
