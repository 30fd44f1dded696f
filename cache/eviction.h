// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

namespace larder {

/// Chooses what leaves the store. Objects are known by their slot: a small dense number, kept in
/// the object's row and reused after removal. All calls but on_hit() come from the store's writer
/// thread, in store order; on_hit() comes from any worker, without a lock, and may only touch its
/// slot's record by relaxed atomics (slots beyond what the policy knows yet are ignored).
class EvictionPolicy {
 public:
  virtual ~EvictionPolicy() = default;
  /// `cost`: what the object takes of the file, in bytes: its own pages whole, and its share of the
  /// pages that small rows have in common. `key_hash` identifies the key beyond the object's life
  /// (for policies that remember evicted keys). Called after a restart too, in sequence order,
  /// with `frequency` as it was saved (0 = new object). An object that replaces another of its key
  /// keeps slot and frequency: on_remove(), then on_store().
  virtual void on_store(std::uint32_t slot, std::uint64_t key_hash, std::uint32_t cost,
                        std::uint32_t frequency) = 0;
  virtual void on_hit(std::uint32_t slot) noexcept = 0;
  /// The object left the store: purged, replaced, expired or evicted.
  virtual void on_remove(std::uint32_t slot) = 0;
  /// May this newcomer be stored although others must leave for it? Not asked for an object that
  /// replaces one of its key. FIFO: always.
  virtual bool admit(std::uint64_t key_hash, std::uint32_t cost) = 0;
  /// The next to leave, or nothing when empty. The caller removes it, then calls on_remove().
  virtual std::optional<std::uint32_t> victim() = 0;
  /// What to save beside the object for the next start.
  virtual std::uint32_t frequency(std::uint32_t slot) const = 0;
};

/// First in, first out, by store order.
std::unique_ptr<EvictionPolicy> make_fifo();

}  // namespace larder
