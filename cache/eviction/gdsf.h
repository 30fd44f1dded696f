// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "cache/eviction/eviction.h"
#include "cache/eviction/frequency_memory.h"
#include "cache/eviction/use_records.h"
#include "cache/eviction/victim_heap.h"

namespace larder {

/// Greedy-Dual-Size-Frequency, with a memory of frequencies that outlive the objects, and
/// admission.
///
///   priority H = L + frequency / cost^kSizeExponent     set by each use
///   floor    L = the highest H that was ever evicted    so that what is no longer used falls
///   behind
///
/// The lowest H leaves; among equals, the least recently used. A newcomer has one use more than the
/// memory knows of its key; while the store is full it gets in if its H reaches those of all who
/// would have to leave for it. Memory is written when a key is missed and when an object leaves,
/// and aged by halving.
///
/// Bytes for each object: 24 of record, 16 to 18 in the heap, 20 in the memory of frequencies
/// (which has 256 KiB at least).
struct GdsfOptions {
  /// While the store is full, do not write what was never seen before and costs more than the
  /// average newcomer: it would be the first to leave.
  bool write_filter = true;
};

class Gdsf final : public EvictionPolicy {
 public:
  explicit Gdsf(GdsfOptions options = {}) : options_(options) {}

  Newcomer on_miss(std::uint64_t key_hash, std::uint32_t cost, std::uint64_t must_leave) override;
  void on_store(std::uint32_t slot, std::uint64_t key_hash, std::uint32_t cost,
                const EvictionState& state, EvictionTick now) override;
  void on_hit(std::uint32_t slot, EvictionTick now) noexcept override;
  void on_remove(std::uint32_t slot, std::uint64_t key_hash) override;
  void on_clear() override;
  std::optional<std::uint32_t> victim() override;
  EvictionState state(std::uint32_t slot) const override;
  std::uint32_t uses(std::uint32_t slot) const noexcept override;
  double floor() const override { return floor_.load(std::memory_order_relaxed); }
  void on_restored(double floor) override;

 private:
  std::optional<VictimHeap::Lowest> lowest();
  bool is_worth(double priority, std::uint64_t must_leave);
  void learn_cost(std::uint32_t cost);
  void age();
  void keep_ticks_comparable(EvictionTick now);

  const GdsfOptions options_;
  std::atomic<double> floor_{0};  ///< L; only the writer stores it
  UseRecords records_;
  VictimHeap heap_{records_};
  FrequencyMemory memory_;
  std::uint64_t misses_ = 0;  ///< since the memory was aged
  double average_cost_ = 0;   ///< of newcomers
  std::uint32_t costs_seen_ = 0;
  EvictionTick ticks_checked_ = 0;
  std::vector<std::uint32_t> looked_at_;
};

}  // namespace larder
