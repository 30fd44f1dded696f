// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cache/store/directory.h"
#include "cache/store/disk_reserve.h"
#include "cache/store/epochs.h"
#include "cache/store/held_rows.h"
#include "cache/store/ledger.h"
#include "cache/store/open.h"
#include "cache/store/retry_pause.h"
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
/// another database when this one is damaged, and opens this one again where the system refused.
/// The writer thread's.
class Database {
 public:
  using Clock = StoreInbox::Clock;

  Database(StoreShared& shared, CacheDirectory directory, std::uint64_t map_bytes,
           const KeyHasher& hasher, std::size_t max_scopes, std::int64_t reader_hold_ms);

  /// The first time, before the thread runs: lookups can begin.
  void open_first();
  /// Is there a database to write to? Where there is none, tries to open one now and then.
  bool open();
  /// As open(), but tries now.
  bool open_at_once();
  /// Without trying.
  bool is_open() const { return state_ == State::open; }
  Environment& environment() { return *environment_; }
  /// Of StoreShared, since when the database is this one.
  std::uint64_t opened_generation() const { return opened_generation_; }

  /// Pages in use after the last commit.
  std::uint64_t live_pages() const { return live_pages_; }

  /// A transaction; the database must be open.
  Change change() { return Change(*environment_, ledger, scopes, held); }
  Result<void> commit(Change& change);
  /// A purge by tags that lookups see already: the next commit writes it. So no object is kept
  /// without the purges that its epoch counts.
  void keep_with_next_commit(const EpochChange& purged);
  /// A transaction failed because the system refused. LMDB may have given the environment up.
  void note_refusal(const Error& error);
  /// Asks a disk that was full, before anything leaves for what is to be stored.
  void look_for_room();
  /// May something be stored now, or is the last refusal too recent?
  bool worth_trying() const { return writes_.due(Clock::now()); }

  /// Removes all that is stored at once. `by_force`: what readers are in the middle of as well;
  /// else Error::full where there is such.
  Result<void> empty(bool by_force);
  /// Gives the database up and takes a new one; readers follow at their next lookup. No Change may
  /// be under way.
  void begin_anew(const std::string& why);

  void publish();
  /// A word in the log, one a minute, and in the status until something is stored again.
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
  enum class State : std::uint8_t {
    none,     ///< what there may be on the disk is good for all we know
    loading,  ///< opened, its index not yet read
    open,
    given_up,  ///< what there is must be moved aside first
  };
  Result<std::shared_ptr<Environment>> open_existing();
  Result<void> learn_epochs(const Environment& environment);
  void write_unkept_epochs(WriteTxn& txn) const;
  void make_way_for_pages(const Error& error) const;
  void serve_readers();
  void take(std::shared_ptr<Environment> environment);
  bool load();
  Result<void> read_all();
  bool readers_have_moved();
  void forget_all();
  void note_success();
  void drop_quarantined();
  void complain_of_full_disk(const std::string& text);
  void look_for_quarantined();
  StoreState state() const;

  const CacheDirectory directory_;
  const std::uint64_t map_bytes_;
  std::shared_ptr<Environment> environment_;  ///< to write to; null when there is none
  State state_ = State::none;
  RetryPause openings_, writes_;
  std::uint64_t opened_generation_ = 0;
  std::uint64_t live_pages_ = 0;
  std::uint64_t quarantined_bytes_ = 0;
  double saved_floor_ = 0;
  EpochChange unkept_;             ///< not yet in the database
  bool keeps_all_epochs_ = false;  ///< the next commit writes the whole table
  Clock::time_point complain_at_{};
};

}  // namespace larder
