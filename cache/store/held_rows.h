// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "cache/store/leases.h"
#include "cache/store/lmdb.h"
#include "conf/base/clock.h"

namespace larder {

/// Chunk rows whose object is gone from the store while readers still send them. They stay until
/// the last of these is done, `hold_ms` have passed, or they take more than their part of the file;
/// then readers that are left are cut off. The table `held` names them, so that what a crash leaves
/// is removed at the next start. Follows a transaction as the Ledger does. The writer thread's.
class HeldRows {
 public:
  /// In per cent of the file: the oldest go first when they would take more.
  static constexpr std::uint64_t kPart = 25;

  HeldRows(LeaseTable& leases, std::int64_t hold_ms, std::uint64_t map_pages)
      : leases_(leases), hold_ms_(hold_ms), max_pages_(map_pages * kPart / 100) {}

  /// The object's rows go, at once or later. `pages`: what they take, about.
  void remove_or_hold(WriteTxn& txn, std::uint64_t sequence, std::uint32_t chunk_count,
                      std::uint64_t pages, MonotonicTime now);
  /// All tables are about to be emptied. False = there are readers whose rows must stay.
  bool begin_removal_of_all(bool by_force);

  /// Removes what nobody reads any more, what has waited for too long, and what is too much.
  void sweep(WriteTxn& txn, MonotonicTime now);
  /// Removes the oldest, readers or not. False = there is none.
  bool remove_oldest(WriteTxn& txn);
  /// At a start: no reader is left of those whom the rows of the table waited for. Removes those of
  /// some objects; false = there are no more.
  static bool remove_left_over(WriteTxn& txn, unsigned objects);

  bool empty() const { return held_.empty(); }
  std::size_t objects() const { return held_.size(); }
  std::uint64_t pages() const { return pages_; }
  /// Objects removed while they were still read, all in all.
  std::uint64_t cut_off() const { return cut_off_; }

  /// The transaction of this number was committed, or it was not.
  void commit(std::uint64_t transaction);
  void rollback();
  /// The tables were emptied, or the database given up.
  void clear();

 private:
  struct Held {
    std::uint64_t sequence = 0;
    std::uint32_t chunk_count = 0;
    std::uint64_t pages = 0;
    std::int64_t until_ms = 0;
  };
  using Objects = std::map<std::uint64_t, Held>;  ///< by the order of their removal
  Objects::iterator remove(WriteTxn& txn, Objects::iterator one);
  void enter(std::uint64_t order, const Held& held);

  LeaseTable& leases_;
  const std::int64_t hold_ms_;
  const std::uint64_t max_pages_;
  Objects held_;
  std::uint64_t next_order_ = 0;
  std::uint64_t pages_ = 0;
  std::uint64_t cut_off_ = 0;
  bool removes_ = false;              ///< the transaction takes chunk rows or their head away
  std::vector<std::uint64_t> added_;  ///< since the last commit
  std::vector<std::pair<std::uint64_t, Held>> taken_;  ///< ditto
};

/// Removes an object's chunk rows, as many as there are.
void remove_chunks(WriteTxn& txn, std::uint64_t sequence);

}  // namespace larder
