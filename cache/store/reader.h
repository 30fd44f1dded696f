// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "cache/store/checked_rows.h"
#include "cache/store/shared.h"

namespace larder {

struct StoreReader::Impl {
  explicit Impl(StoreShared& shared_in) : shared(shared_in) { shared.add_reader(turn); }
  ~Impl() { shared.remove_reader(turn); }

  /// Sees to a snapshot that is no older than the last acknowledged purge. False = no database.
  bool ready() noexcept;
  bool take_snapshot(std::uint64_t now) noexcept;
  /// A row; damage is counted and reported.
  std::optional<std::string_view> row(Table Environment::*table, std::string_view key) noexcept;
  /// The object's head row, checked unless `checked` vouches for it.
  std::optional<ObjectView> object(const CacheKey& key, WallTime now);
  /// Takes into account what was purged by tags since the object was stored. False = it must not be
  /// used any more.
  bool settle_purges(ObjectView& object, std::uint64_t& clean_at, WallTime now) const noexcept;
  /// Leases the rows of an object that the snapshot shows, until the turn's end. False = they are
  /// about to go, or have gone since: the snapshot must be taken anew.
  bool lease(const ObjectView& object);
  void report(const CacheKey& key);

  StoreShared& shared;
  std::unique_ptr<Snapshot> snapshot;
  std::uint64_t generation = 0;  ///< of the snapshot
  StoreShared::ReaderTurn turn{0};
  CheckedRows checked;
  ReaderLease turn_lease;  ///< of the last object with chunk rows that lookup() showed
};

}  // namespace larder
