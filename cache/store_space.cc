// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cache/store_writer.h"

// Eviction. LMDB needs free pages even to delete, needs them in a row for large values, and reuses
// what a transaction freed only two transactions later: so the file is kept a good part empty. What
// is in use is LMDB's own count of pages, exact, for all tables.

namespace larder {
namespace {

// In per cent of the map.
constexpr std::uint64_t kHighMark = 80;  ///< eviction begins
constexpr std::uint64_t kLowMark = 75;   ///< eviction ends
constexpr std::uint64_t kCeiling = 84;   ///< nothing is stored that would go beyond

}  // namespace

std::uint64_t StoreWriter::usable_pages() const {
  const std::uint64_t map = environment_->map_pages();
  return disk_full_at_ == 0 ? map : std::min(map, disk_full_at_);
}

std::uint64_t StoreWriter::pages_needed(std::span<const PutOrder> puts) const {
  std::uint64_t bytes = 0;
  for (const PutOrder& put : puts) {
    bytes += ledger_.cost(index_record(put.object, environment_->page_bytes()));
  }
  return bytes / environment_->page_bytes() + 1;
}

/// Evicts as far as one transaction may. False = `needed` pages more would still be too many:
/// commit, and call again in the next transaction.
bool StoreWriter::make_room(Change& change, std::uint64_t needed) {
  const std::uint64_t usable = usable_pages();
  const auto now_s = static_cast<std::uint32_t>(wall_now().ms / 1'000);
  std::uint64_t used = change.txn.pages_in_use() + needed;
  if (used > usable * kHighMark / 100) evicting_ = true;
  while (evicting_ && change.ok()) {
    if (used <= usable * kLowMark / 100) {
      evicting_ = false;
      break;
    }
    if (change.evicted >= bounds_.evictions) return used <= usable * kCeiling / 100;
    const auto slot = ledger_.victim(now_s);
    if (!slot) break;
    remove_slot(change, *slot);
    ++change.evicted;
    used = change.txn.pages_in_use() + needed;
  }
  return true;
}

/// After MDB_MAP_FULL, whatever the marks say.
void StoreWriter::evict_some() {
  Change change(*environment_, ledger_, scopes_);
  const auto now_s = static_cast<std::uint32_t>(wall_now().ms / 1'000);
  while (change.ok() && change.evicted < bounds_.evictions) {
    const auto slot = ledger_.victim(now_s);
    if (!slot) break;
    remove_slot(change, *slot);
    ++change.evicted;
  }
  // Should this fail too, the next batch fails and counts.
  static_cast<void>(commit(change));
}

}  // namespace larder
