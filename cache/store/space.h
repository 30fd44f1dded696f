// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "cache/store/database.h"

namespace larder {

/// Keeps the file a good part empty, by evicting: LMDB needs free pages even to delete, needs them
/// in a row for large values, and reuses what a transaction freed only two transactions later. What
/// is in use is LMDB's own count of pages, exact, for all tables, held rows included. The writer
/// thread's.
class SpaceKeeper {
 public:
  explicit SpaceKeeper(Database& database) : database_(database) {}

  /// What these objects will take.
  std::uint64_t pages_needed(std::span<const PutOrder> puts) const;
  /// Evicts as far as one transaction may. False = `needed` pages more would still be too many:
  /// commit, and call again in the next transaction.
  bool make_room(Change& change, std::uint64_t needed);
  /// Does what is stored now make others leave, sooner or later? Between the marks too: it is only
  /// for the batch that they do not leave at once.
  bool is_full(Change& change) const;
  /// After MDB_MAP_FULL, in a transaction of its own: this many pages and some more, whatever the
  /// marks say. Held rows go first.
  Result<void> evict_some(std::uint64_t pages);
  /// Is more stored than may be, because `cache.size` has been lowered?
  bool is_too_large() const;
  /// Evicts as far as one transaction may when that is so.
  Result<void> shrink();

 private:
  std::uint64_t usable_pages() const;

  Database& database_;
  bool evicting_ = false;  ///< between the high and the low mark
};

}  // namespace larder
