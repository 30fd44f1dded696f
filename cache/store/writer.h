// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

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

/// How often the writer looks after what is not urgent.
inline constexpr std::chrono::seconds kWriterTick{10};

/// The thread that writes: puts, purges, eviction, and what to do when that fails.
class StoreWriter {
 public:
  StoreWriter(StoreShared& shared, DatabaseFiles files, std::uint64_t map_bytes,
              const KeyHasher& hasher, std::size_t max_scopes);

  /// Reads what restore() needs at once; Error::corrupt: the database cannot be used.
  Result<void> load_scopes() { return scopes_.load(*environment_); }
  /// The thread's body: until the inbox is stopped and empty.
  void run() noexcept;

 private:
  using Clock = StoreInbox::Clock;

  /// Rows of `objects` under a prefix that a purge takes.
  struct PurgeTarget {
    std::string prefix;
    std::optional<ScopeMac> scope;
    std::string url;  ///< how their canonical bytes begin
  };

  // writer.cc: the thread and its puts
  void handle(Batch& batch);
  void store(std::vector<PutOrder>& puts);
  Result<std::size_t> make_scopes_fit(std::span<PutOrder> puts);
  Result<void> store_part(std::span<PutOrder> puts);
  Result<bool> store_once(std::span<PutOrder> puts, std::uint64_t needed);
  void insert(Change& change, PutOrder& put, WallTime now);
  void settle(std::span<PutOrder> puts, bool committed);
  Result<void> check(const CheckOrder& order);
  Result<void> commit(Change& change);

  // upkeep.cc: starting, failing, housekeeping, ending
  void restore();
  void keep_house();
  Result<void> save_frequencies(std::uint32_t slots);
  void save_all_frequencies();
  void publish();
  bool open_again();
  Result<std::shared_ptr<Environment>> open_new();
  /// No Change may be under way: the environment may be another one afterwards.
  void on_failure(const Error& error, std::size_t puts);
  void begin_anew(const std::string& why);
  void complain(const std::string& text);

  // space.cc: eviction
  std::uint64_t usable_pages() const;
  std::uint64_t pages_needed(std::span<const PutOrder> puts) const;
  bool make_room(Change& change, std::uint64_t needed);
  bool is_full(Change& change) const;
  void evict_some(std::uint64_t pages);
  void reserve_disk();

  // purge.cc
  void purge(PurgeJob& job);
  Result<std::uint64_t> erase_patiently(const PurgeOrder& order);
  Result<std::uint64_t> erase(const PurgeOrder& order);
  Result<void> empty_all();
  Result<std::uint64_t> erase_scopes(const std::vector<ScopeMac>& scopes);
  PurgeTarget scope_target(const ScopeMac& mac) const;
  std::vector<PurgeTarget> url_targets(const PurgeOrder& order) const;
  Result<std::uint64_t> erase_targets(const std::vector<PurgeTarget>& targets);
  bool erase_some(Change& change, const PurgeTarget& target, std::string& position,
                  std::uint64_t& removed) const;
  static bool selects(const PurgeTarget& target, const CacheKey& key, std::string_view head_row);

  StoreShared& shared_;
  const DatabaseFiles files_;
  const std::uint64_t map_bytes_;
  const WriterBounds bounds_;
  const KeyHasher hasher_;
  std::shared_ptr<Environment> environment_;  ///< shared_'s; null when none can be opened
  Ledger ledger_;
  ScopeBook scopes_;

  bool moved_aside_ = true;         ///< the database that was given up last
  bool evicting_ = false;           ///< between the high and the low mark
  unsigned full_in_a_row_ = 0;      ///< batches that met MDB_MAP_FULL
  std::uint64_t disk_full_at_ = 0;  ///< pages of the file when the disk was full; 0 = it is not
  std::uint64_t reserved_to_ = 0;   ///< pages of the file that have disk blocks
  std::uint64_t opened_generation_ = 0;
  std::uint64_t live_pages_ = 0;
  std::uint32_t frequencies_saved_to_ = 0;
  double saved_floor_ = 0;
  unsigned ticks_ = 0;
  Clock::time_point open_again_at_{};
  Clock::time_point complain_at_{};
};

}  // namespace larder
