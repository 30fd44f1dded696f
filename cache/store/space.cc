// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cache/store/charge.h"
#include "cache/store/writer.h"

// Eviction. LMDB needs free pages even to delete, needs them in a row for large values, and reuses
// what a transaction freed only two transactions later: so the file is kept a good part empty. What
// is in use is LMDB's own count of pages, exact, for all tables.

namespace larder {
namespace {

/// In per cent of the map: nothing is stored that would go beyond.
constexpr std::uint64_t kCeiling = 84;

/// A transaction frees twice what it needs and this part of the map: pages that are free but not
/// yet to be used again are what a small map cannot afford.
constexpr std::uint64_t kFreedPart = 256;

/// Disk blocks kept ahead of the file's end, so that with a full disk pages can still be freed.
constexpr std::uint64_t kReserveBytes = 4u << 20;

}  // namespace

std::uint64_t StoreWriter::usable_pages() const {
  const std::uint64_t map = environment_->map_pages();
  return disk_full_at_ == 0 ? map : std::min(map, disk_full_at_);
}

std::uint64_t StoreWriter::pages_needed(std::span<const PutOrder> puts) const {
  std::uint64_t bytes = 0;
  for (const PutOrder& put : puts) {
    bytes += ledger_.cost(index_record(put.object, *environment_));
  }
  return bytes / environment_->page_bytes() + 1;
}

/// Evicts as far as one transaction may. False = `needed` pages more would still be too many:
/// commit, and call again in the next transaction.
bool StoreWriter::make_room(Change& change, std::uint64_t needed) {
  const std::uint64_t usable = usable_pages();
  const auto now_s = static_cast<std::uint32_t>(wall_now().ms / 1'000);
  std::uint64_t used = change.txn.pages_in_use() + needed;
  const std::uint64_t freed_at_most = 2 * needed + usable / kFreedPart;
  const std::uint64_t enough = used - std::min(used, freed_at_most);
  if (used > usable * kHighMark / 100) evicting_ = true;
  while (evicting_ && change.ok()) {
    if (used <= usable * kLowMark / 100) {
      evicting_ = false;
      break;
    }
    if (change.evicted >= bounds_.evictions || used <= enough) {
      return used <= usable * kCeiling / 100;
    }
    const auto slot = ledger_.victim(now_s);
    if (!slot) break;
    remove_slot(change, *slot);
    ++change.evicted;
    used = change.txn.pages_in_use() + needed;
  }
  return true;
}

/// Does what is stored now make others leave, sooner or later? Between the marks too: it is only
/// for the batch that they do not leave at once.
bool StoreWriter::is_full(Change& change) const {
  return change.txn.pages_in_use() > usable_pages() * kLowMark / 100;
}

/// Deleting takes new pages first. Where the disk has none the file stops growing here, and
/// eviction begins within what it has.
void StoreWriter::reserve_disk() {
  const std::uint64_t end = environment_->file_pages();
  const std::uint64_t reserve =
      std::min(kReserveBytes, map_bytes_ / 16) / environment_->page_bytes();
  if (disk_full_at_ != 0 || end + reserve / 2 <= reserved_to_) return;
  const Result<void> done = environment_->allocate(reserved_to_, end + reserve);
  if (done) {
    reserved_to_ = end + reserve;
  } else if (done.error().code == Error::Code::full) {
    complain(done.error().context + ": the cache stays at its present size");
    disk_full_at_ = end;
  }
}

/// After MDB_MAP_FULL: this many pages and some more, whatever the marks say.
void StoreWriter::evict_some(std::uint64_t pages) {
  Change change(*environment_, ledger_, scopes_);
  const auto now_s = static_cast<std::uint32_t>(wall_now().ms / 1'000);
  const std::uint64_t used = change.txn.pages_in_use();
  const std::uint64_t enough = used - std::min(used, pages + usable_pages() / kFreedPart);
  while (change.ok() && change.evicted < bounds_.evictions && change.txn.pages_in_use() > enough) {
    const auto slot = ledger_.victim(now_s);
    if (!slot) break;
    remove_slot(change, *slot);
    ++change.evicted;
  }
  // Should this fail too, the next try fails and counts.
  static_cast<void>(commit(change));
}

}  // namespace larder
