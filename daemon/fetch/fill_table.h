// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "daemon/fetch/fill.h"
#include "daemon/fetch/waiter_hash.h"

namespace larder {

/// The fills under way, by key, and who waits in which. At most one of those for the same scope and
/// canonical request is current: that is the one to join. The others serve those whom they have.
class FillTable {
 public:
  /// The fill for this order's scope and canonical request that may be joined, or null.
  Fill* current(const FillOrder& order);
  /// Takes it as the current one, in place of another one.
  Fill& add(std::unique_ptr<Fill> fill);
  /// Nobody joins it any more.
  void retire(const Fill& fill);
  /// Destroys it.
  void remove(const Fill& fill);
  Fill* find(const CacheKey& key, std::uint64_t number);

  /// `waiter` waits in `fill`, and no longer in another one.
  void note_waiter(Waiter waiter, Fill& fill) { waits_in_[waiter] = &fill; }
  void forget_waiter(Waiter waiter) { waits_in_.erase(waiter); }
  /// Of a waiter that was noted; null otherwise. Whoever removes a fill has its waiters forgotten.
  Fill* of(Waiter waiter) const;

  template <class Visit>
  void for_each(const Visit& visit) {
    for (auto& [key, entry] : fills_) visit(*entry.fill);
  }
  /// What turns out not to be for the store passes through on a visitor's place, at the speed at
  /// which it is read. Slow ones of one client beyond `max_slow_relays_per_client`, and those
  /// beyond half of a host's places, as passes may have, are cut off. To be called once in `span`;
  /// gives how many were.
  std::size_t cut_slow(const UpstreamConfig& bounds, Milliseconds span);
  void clear();
  std::size_t size() const { return fills_.size(); }

 private:
  struct Entry {
    std::unique_ptr<Fill> fill;
    bool current = false;
  };
  using Fills = std::unordered_multimap<CacheKey, Entry, KeyHash>;

  Fills::iterator place_of(const Fill& fill);
  Fills::iterator current_place(const FillOrder& order);

  Fills fills_;
  std::unordered_map<Waiter, Fill*, WaiterHash> waits_in_;
};

}  // namespace larder
