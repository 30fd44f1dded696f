// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cache/store/disk_reserve.h"
#include "cache/store/held_rows.h"
#include "cache/store/ledger.h"
#include "cache/store/open.h"
#include "cache/store/rows.h"
#include "cache/store/scopes.h"
#include "cache/store/shared.h"
#include "conf/base/clock.h"

namespace larder {

/// What a transaction may change, in proportion to the map: pages that a transaction frees are used
/// again two transactions later, so that each must be a small part of the file. Far below LMDB's
/// own bound of 128 Ki pages.
struct WriterBounds {
  explicit WriterBounds(std::uint64_t map_bytes);
  BatchBounds batch;
  unsigned evictions;  ///< objects removed for others in one transaction
  unsigned purges;     ///< objects removed by a purge in one transaction
};

/// The database that is written, and the memory that follows it: ledger, scopes, held rows. Takes
/// another database when this one cannot be used. The writer thread's.
class Database {
 public:
  using Clock = StoreInbox::Clock;

  Database(StoreShared& shared, DatabaseFiles files, std::uint64_t map_bytes,
           const KeyHasher& hasher, std::size_t max_scopes, std::int64_t reader_hold_ms);

  /// Reads what purges need at once; Error::corrupt: the database cannot be used.
  Result<void> load_scopes() { return scopes.load(*environment_); }

  /// Is there a database? Where there is none, tries to make one now and then.
  bool open();
  /// As open(), but tries now.
  bool open_at_once();
  /// Without trying.
  bool is_open() const { return environment_ != nullptr; }
  Environment& environment() { return *environment_; }
  /// Of StoreShared, since when the database is this one.
  std::uint64_t opened_generation() const { return opened_generation_; }

  /// A transaction; the database must be open.
  Change change() { return Change(*environment_, ledger, scopes, held); }
  Result<void> commit(Change& change);
  /// What the database that was opened at the start says of itself.
  void restored(double saved_floor, std::uint64_t live_pages);

  /// Removes all that is stored at once. `by_force`: what readers are in the middle of as well;
  /// else Error::full where there is such.
  Result<void> empty(bool by_force);
  /// Gives the database up and takes a new one; readers follow at their next lookup. No Change may
  /// be under way.
  void begin_anew(const std::string& why);

  void publish();
  /// A word in the log, one a minute.
  void complain(const std::string& text);

  StoreShared& shared;
  const DatabaseFiles files;
  const WriterBounds bounds;
  const KeyHasher hasher;
  Ledger ledger;
  ScopeBook scopes;
  HeldRows held;
  DiskReserve disk;

 private:
  Result<std::shared_ptr<Environment>> open_new();
  void forget_all();

  const std::uint64_t map_bytes_;
  std::shared_ptr<Environment> environment_;  ///< shared's; null when none can be opened
  bool moved_aside_ = true;                   ///< the database that was given up last
  std::uint64_t opened_generation_ = 0;
  std::uint64_t live_pages_ = 0;
  double saved_floor_ = 0;
  Clock::time_point open_again_at_{};
  Clock::time_point complain_at_{};
};

}  // namespace larder
