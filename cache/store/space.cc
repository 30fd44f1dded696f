// SPDX-License-Identifier: Apache-2.0
#include "cache/store/space.h"

#include <algorithm>

#include "cache/store/charge.h"

namespace larder {
namespace {

/// A transaction frees twice what it needs and this part of the map: pages that are free but not
/// yet to be used again are what a small map cannot afford.
constexpr std::uint64_t kFreedPart = 256;

std::uint32_t seconds_now() {
  return static_cast<std::uint32_t>(wall_now().ms / 1'000);
}

}  // namespace

std::uint64_t SpaceKeeper::usable_pages() const {
  return database_.disk.usable_pages(database_.environment());
}

bool SpaceKeeper::is_too_large() const {
  return database_.is_open() && database_.worth_trying() && database_.ledger.objects() > 0 &&
         database_.live_pages() >
             database_.disk.bound_pages(database_.environment()) * kCeiling / 100;
}

Result<void> SpaceKeeper::shrink() {
  if (!is_too_large()) return {};
  return evict_some(usable_pages() / kFreedPart);
}

std::uint64_t SpaceKeeper::pages_needed(std::span<const PutOrder> puts) const {
  std::uint64_t bytes = 0;
  for (const PutOrder& put : puts) bytes += database_.ledger.cost(put.record);
  return bytes / database_.environment().page_bytes() + 1;
}

bool SpaceKeeper::make_room(Change& change, std::uint64_t needed) {
  const std::uint64_t usable = usable_pages();
  change.held.sweep(change.txn, change.now);
  std::uint64_t used = change.txn.pages_in_use() + needed;
  const std::uint64_t freed_at_most = 2 * needed + usable / kFreedPart;
  const std::uint64_t enough = used - std::min(used, freed_at_most);
  if (used > usable * kHighMark / 100) evicting_ = true;
  const std::uint32_t now_s = seconds_now();
  while (evicting_ && change.ok()) {
    if (used <= usable * kLowMark / 100) {
      evicting_ = false;
      break;
    }
    if (change.evicted >= database_.bounds.evictions || used <= enough) {
      return used <= usable * kCeiling / 100;
    }
    const auto slot = change.ledger.victim(now_s);
    if (!slot) break;
    remove_slot(change, *slot);
    ++change.evicted;
    used = change.txn.pages_in_use() + needed;
  }
  return true;
}

bool SpaceKeeper::is_full(Change& change) const {
  return change.txn.pages_in_use() > usable_pages() * kLowMark / 100;
}

Result<void> SpaceKeeper::evict_some(std::uint64_t pages) {
  Change change = database_.change();
  const std::uint64_t used = change.txn.pages_in_use();
  const std::uint64_t enough = used - std::min(used, pages + usable_pages() / kFreedPart);
  const std::uint32_t now_s = seconds_now();
  while (change.ok() && change.evicted < database_.bounds.evictions &&
         change.txn.pages_in_use() > enough) {
    if (change.held.remove_oldest(change.txn)) continue;
    const auto slot = change.ledger.victim(now_s);
    if (!slot) break;
    remove_slot(change, *slot);
    ++change.evicted;
  }
  return database_.commit(change);
}

}  // namespace larder
