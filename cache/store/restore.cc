// SPDX-License-Identifier: Apache-2.0
#include "cache/store/restore.h"

#include <cstring>

#include "cache/store/format.h"
#include "conf/base/clock.h"

namespace larder {
namespace {

std::optional<std::uint32_t> slot_of(std::string_view key) {
  std::uint32_t slot = 0;
  if (key.size() != sizeof slot) return std::nullopt;
  std::memcpy(&slot, key.data(), sizeof slot);
  return slot;
}

}  // namespace

Result<Restored> restore_ledger(const Environment& environment, Ledger& ledger,
                                const std::function<void()>& on_step) {
  Restored restored;
  std::uint64_t rows = 0;
  bool damaged = false;
  const ReadTxn txn(environment);
  const Result<void> read = txn.for_each(environment.index, [&](const Row& row) {
    const auto slot = slot_of(row.key);
    const auto record = slot ? decode_index(*slot, row.value) : std::nullopt;
    damaged = !record;
    if (record) ledger.restore(*slot, *record);
    if (++rows % kRowsInStep == 0) on_step();
    restored.with_use += record && record->eviction.frequency > 0;
    return !damaged;
  });
  ledger.settle_restored(eviction_tick(monotonic_now()));
  if (!read) return tl::unexpected<Error>(read.error());
  if (damaged) return fail(Error::Code::corrupt, "a row of the index is damaged");
  const auto saved = txn.get(environment.meta, kFloorKey);
  if (saved && saved->size() == sizeof restored.floor) {
    std::memcpy(&restored.floor, saved->data(), sizeof restored.floor);
  }
  return restored;
}

}  // namespace larder
