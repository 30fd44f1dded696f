// SPDX-License-Identifier: Apache-2.0
#include "cache/store/epoch_rows.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>
#include <type_traits>

// Row of the table `epochs`: EpochRow::tag -> PackedRow. Row "epochs" of the table `meta`:
// PackedSum. Numbers are little endian.

namespace larder {
namespace {

constexpr std::string_view kSumKey = "epochs";
constexpr std::string_view kPositionPrefix = "position:";

struct PackedRow {
  std::uint64_t checksum;  ///< XXH3-64 of the rest, seeded with the tag
  std::uint64_t place, number, before;
  std::int64_t happened_ms;
  std::uint64_t hard;
  std::int64_t changed_ms;
};
static_assert(std::has_unique_object_representations_v<PackedRow>);

struct PackedSum {
  std::uint64_t checksum;  ///< XXH3-64 of the rest
  std::uint64_t last, everything_before, rows;
};
static_assert(std::has_unique_object_representations_v<PackedSum>);

template <class Packed>
std::uint64_t checksum(const Packed& packed, std::uint64_t seed) {
  const auto* bytes = reinterpret_cast<const char*>(&packed);
  return XXH3_64bits_withSeed(bytes + sizeof packed.checksum,
                              sizeof packed - sizeof packed.checksum, seed);
}

template <class Packed>
std::string_view view(const Packed& packed) {
  return {reinterpret_cast<const char*>(&packed), sizeof packed};
}

/// False = damaged.
template <class Packed>
bool unpack(std::string_view bytes, std::uint64_t seed, Packed& packed) {
  if (bytes.size() != sizeof packed) return false;
  std::memcpy(&packed, bytes.data(), sizeof packed);
  return packed.checksum == checksum(packed, seed);
}

std::optional<EpochRow> row_of(const Row& row) {
  std::uint64_t tag = 0;
  if (row.key.size() != sizeof tag) return std::nullopt;
  std::memcpy(&tag, row.key.data(), sizeof tag);
  PackedRow packed;
  if (!unpack(row.value, tag, packed)) return std::nullopt;
  return EpochRow{.tag = tag,
                  .place = packed.place,
                  .number = packed.number,
                  .before = packed.before,
                  .happened = {packed.happened_ms},
                  .hard = packed.hard,
                  .changed = {packed.changed_ms}};
}

void put_row(WriteTxn& txn, const EpochRow& row) {
  PackedRow packed{0, row.place, row.number, row.before, row.happened.ms, row.hard, row.changed.ms};
  packed.checksum = checksum(packed, row.tag);
  txn.put(txn.environment().epochs, view(row.tag), view(packed));
}

void put_sum(WriteTxn& txn, const Epochs& epochs) {
  PackedSum packed{0, epochs.last(), epochs.everything_before(),
                   txn.pages(txn.environment().epochs).rows};
  packed.checksum = checksum(packed, 0);
  txn.put(txn.environment().meta, kSumKey, view(packed));
}

}  // namespace

std::string position_key(const std::string& feed) {
  return std::string(kPositionPrefix) + feed;
}

Result<void> load_epochs(const Environment& environment, Epochs& epochs) {
  const ReadTxn txn(environment);
  if (!txn.ok()) return fail(Error::Code::io, "cannot read data.mdb");
  std::vector<EpochRow> rows;
  bool damaged = false;
  Result<void> read = txn.for_each(environment.epochs, [&](const Row& row) {
    const auto known = row_of(row);
    damaged = !known;
    if (known) rows.push_back(*known);
    return !damaged;
  });
  if (!read) return read;
  const auto bytes = txn.get(environment.meta, kSumKey);
  PackedSum sum{};
  if (bytes) damaged = damaged || !unpack(*bytes, 0, sum);
  if (damaged || sum.rows != rows.size()) {
    return fail(Error::Code::corrupt, "what data.mdb says of purges is damaged");
  }
  epochs.restore(rows, sum.last, sum.everything_before);
  return {};
}

void write_epochs(WriteTxn& txn, const EpochChange& change, const Epochs& epochs) {
  for (const std::uint64_t tag : change.dropped) txn.erase(txn.environment().epochs, view(tag));
  for (const auto& [tag, row] : change.raised) put_row(txn, row);
  put_sum(txn, epochs);
}

void write_all_epochs(WriteTxn& txn, const Epochs& epochs) {
  txn.empty(txn.environment().epochs);
  for (const EpochRow& row : epochs.rows()) put_row(txn, row);
  put_sum(txn, epochs);
}

std::optional<std::string> load_position(const Environment& environment, const std::string& feed) {
  const ReadTxn txn(environment);
  if (!txn.ok()) return std::nullopt;
  const auto found = txn.get(environment.meta, position_key(feed));
  return found ? std::optional(std::string(*found)) : std::nullopt;
}

void write_position(WriteTxn& txn, const std::string& feed, const std::string& value) {
  txn.put(txn.environment().meta, position_key(feed), value);
}

}  // namespace larder
