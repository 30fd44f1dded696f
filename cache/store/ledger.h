// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "cache/eviction/eviction.h"
#include "cache/store/format.h"

namespace larder {

/// The writer's memory of what is in the store: the slots, their costs in sum, and the eviction
/// policy, which it keeps informed. Follows a transaction: what happened since the last commit()
/// can be taken back. 8 bytes for each slot, beside the policy's own.
class Ledger {
 public:
  Ledger(EvictionPolicy& policy, std::uint64_t page_bytes);

  /// A transaction begins, at this time.
  void begin(EvictionTick now) { now_ = now; }
  /// A free slot, for the stored() that follows.
  std::uint32_t take_slot();
  /// Gives the eviction policy's state of it, to be saved with it.
  EvictionState stored(std::uint32_t slot, const IndexRecord& record);
  void removed(std::uint32_t slot, const IndexRecord& record);
  void commit();
  void rollback();
  /// The tables were emptied.
  void clear();

  /// After a start: rows of `index` in any order, then settle_restored().
  void restore(std::uint32_t slot, const IndexRecord& record);
  void settle_restored(EvictionTick now);

  /// Who leaves next: one that has expired beyond use if a short look finds it, else the policy's.
  std::optional<std::uint32_t> victim(std::uint32_t now_s);
  EvictionState eviction_state(std::uint32_t slot) const { return policy_.state(slot); }
  /// A put of a key that is not there: may it be stored, and if so, with what state? `full`: others
  /// have to leave for it.
  EvictionPolicy::Newcomer missed(const IndexRecord& record, bool full);
  /// What an object takes of the file, in bytes, by the present filling of the pages.
  std::uint32_t cost(const IndexRecord& record) const;
  /// Tells how many pages the tables need for rows that share pages.
  void learn_filling(std::uint64_t shared_pages);

  /// Slots in [from, from + count) whose frequency is not as it was saved; marks them saved.
  std::vector<std::uint32_t> unsaved_frequencies(std::uint32_t from, std::uint32_t count);

  std::uint64_t next_sequence() { return sequence_++; }
  std::uint64_t objects() const { return objects_; }
  std::uint64_t small_bytes() const { return small_bytes_; }
  std::uint64_t overflow_pages() const { return overflow_pages_; }
  std::uint32_t slots() const { return static_cast<std::uint32_t>(slots_.size()); }
  bool holds(std::uint32_t slot) const {
    return slot < slots_.size() && slots_[slot].expires_s != 0;
  }

 private:
  struct Slot {
    std::uint32_t expires_s = 0;  ///< 0 = free
    std::uint32_t saved_frequency = 0;
  };
  struct Step {
    bool stored;
    std::uint32_t slot;
    IndexRecord record;
  };
  struct Restored {
    std::uint64_t sequence, key_hash;
    EvictionState state;
    std::uint32_t slot, cost;
  };
  void enter(std::uint32_t slot, const IndexRecord& record);
  void leave(std::uint32_t slot, const IndexRecord& record);

  EvictionPolicy& policy_;
  std::uint64_t page_bytes_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<Step> steps_;  ///< since the last commit
  std::vector<Restored> restored_;
  std::uint64_t sequence_ = 1;
  std::uint64_t objects_ = 0, small_bytes_ = 0, overflow_pages_ = 0;
  EvictionTick now_ = 0;
  std::uint32_t hand_ = 0;  ///< where the search for expired ones goes on
  double filling_;          ///< bytes of pages for each byte of rows that share them
};

/// What changes of the policy's states is saved after a while, for so many slots in turn: some
/// 1,500 pages at most.
inline constexpr std::chrono::seconds kBetweenSaves{60};
inline constexpr std::uint32_t kSlotsSavedAtOnce = 65'536;

/// Identifies a key for the eviction policy.
std::uint64_t key_hash(const CacheKey& key);

/// `until` as IndexRecord::expires_s; never 0.
std::uint32_t expiry_seconds(std::int64_t until_ms);

}  // namespace larder
