// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cache/store/purge.h"
#include "cache/store/space.h"
#include "cache/store/upkeep.h"

namespace larder {

/// The thread that writes: takes orders from the inbox, stores what is put, and decides what to do
/// when that fails.
class Writer {
 public:
  Writer(StoreShared& shared, CacheDirectory directory, std::uint64_t map_bytes,
         const KeyHasher& hasher, std::size_t max_scopes, std::int64_t reader_hold_ms);

  /// Before the thread: lookups can begin, puts wait for run().
  void open_first() { database_.open_first(); }
  /// The thread's body: until the inbox is stopped and empty, or has been stopped for
  /// Store::kStopTime.
  void run() noexcept;

 private:
  using Clock = StoreInbox::Clock;

  void handle(Batch& batch);
  Clock::time_point next_look(Clock::time_point tick) const;
  void end(Clock::time_point until);
  void drop(std::vector<PutOrder>& puts);
  void store(std::vector<PutOrder>& puts);
  Result<std::size_t> make_scopes_fit(std::span<PutOrder> puts);
  Result<void> store_part(std::span<PutOrder> puts);
  Result<bool> store_once(std::span<PutOrder> puts, std::uint64_t needed);
  void insert(Change& change, PutOrder& put, WallTime now, bool full);
  bool insert_anew(Change& change, PutOrder& put, bool full);
  void settle(std::span<PutOrder> puts, bool committed);
  Result<void> check(const CheckOrder& order);
  void note(const Result<void>& done);
  void on_failure(const Error& error, std::size_t puts);

  StoreShared& shared_;
  Database database_;
  SpaceKeeper space_;
  Survey survey_;  ///< what is not counted yet at the end is answered then
  Purger purger_;
  Upkeep upkeep_;
  unsigned full_in_a_row_ = 0;  ///< batches that met MDB_MAP_FULL
};

}  // namespace larder
