// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "conf/base/clock.h"
#include "conf/config.h"

namespace larder {

/// When an object was last used, for the choice between equals: any clock of the caller's that
/// never runs back, cut to 32 bits. It may wrap as long as less than a quarter of its range passes
/// between two stores.
using EvictionTick = std::uint32_t;
/// The daemon's: milliseconds.
inline EvictionTick eviction_tick(MonotonicTime now) {
  return static_cast<EvictionTick>(now.ms);
}

/// What a policy would have back after a restart, saved beside the object.
struct EvictionState {
  static constexpr double kJustUsed = -1;
  std::uint32_t frequency = 0;  ///< uses counted; 0 = by a policy that counts none
  double priority = kJustUsed;  ///< on a scale that goes on through restarts
};

/// Chooses what leaves the store, and what is worth storing. Objects are known by their slot: a
/// small dense number, kept in the object's row and reused after removal. All calls but on_hit()
/// come from the store's writer thread; on_hit() comes from any worker, without a lock, and may
/// only touch its slot's record by relaxed atomics (slots that hold nothing are ignored).
/// `key_hash` identifies a key beyond the object's life, `cost` is what the object takes of the
/// file, in bytes: its own pages whole, and its share of the pages that small rows have in common.
/// No policy reads a clock.
class EvictionPolicy {
 public:
  virtual ~EvictionPolicy() = default;

  struct Newcomer {
    EvictionState state;  ///< for on_store()
    bool admitted;
  };
  /// A key that is not in the store was asked for: counts it. `must_leave`: what others have to
  /// give up for it, in cost; is it worth more than those who would leave first? 0 = there is room.
  virtual Newcomer on_miss(std::uint64_t key_hash, std::uint32_t cost,
                           std::uint64_t must_leave) = 0;
  /// A new object, with the state of its on_miss(); one that replaces another of its key, with the
  /// frequency of that and kJustUsed, after the other's on_remove(); or one that was there before,
  /// with its saved state: after a restart, in the order of storing, or when a removal is undone.
  virtual void on_store(std::uint32_t slot, std::uint64_t key_hash, std::uint32_t cost,
                        const EvictionState& state, EvictionTick now) = 0;
  virtual void on_hit(std::uint32_t slot, EvictionTick now) noexcept = 0;
  /// How often it was used, as far as that is known; from any thread, without a lock. 0 = slots
  /// that hold nothing, and policies that count no uses.
  virtual std::uint32_t uses([[maybe_unused]] std::uint32_t slot) const noexcept { return 0; }
  /// The object left the store: purged, replaced, expired or evicted.
  virtual void on_remove(std::uint32_t slot, std::uint64_t key_hash) = 0;
  /// All left at once. What is remembered of their keys stays.
  virtual void on_clear() = 0;
  /// The next to leave, or nothing when empty. The caller removes it, then calls on_remove().
  virtual std::optional<std::uint32_t> victim() = 0;
  virtual EvictionState state(std::uint32_t slot) const = 0;
  /// Below which no priority of a stored object lies (but for old ones of before a restart),
  /// finite; saved with each commit. 0 = it has no priorities.
  virtual double floor() const { return 0; }
  /// After a restart, when all objects are there again: the floor that was saved. A crash takes
  /// what was not saved of the objects' states, never of the floor.
  virtual void on_restored([[maybe_unused]] double floor) {}
};

/// First in, first out, by store order.
std::unique_ptr<EvictionPolicy> make_fifo();

/// The one that is configured.
std::unique_ptr<EvictionPolicy> make_eviction(CacheConfig::Eviction which);

}  // namespace larder
