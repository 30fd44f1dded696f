// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "cache/eviction/use_records.h"

namespace larder {

/// Finds the object of the lowest priority, the least recently touched one among equals, though
/// hits raise priorities without telling: an entry keeps what it was ordered by, and as priorities
/// only grow, the first one is the true lowest as soon as it proves unchanged. One entry of 16
/// bytes for each object.
class VictimHeap {
 public:
  explicit VictimHeap(UseRecords& records) : records_(records) {}

  void add(std::uint32_t slot);
  void remove(std::uint32_t slot);
  void clear() { entries_.clear(); }
  std::size_t size() const { return entries_.size(); }
  /// In no order.
  std::uint32_t slot_at(std::size_t i) const { return entries_[i].slot; }

  struct Lowest {
    std::uint32_t slot;
    double priority;
  };
  std::optional<Lowest> lowest();

  /// Ticks are compared by their distance, which is ambiguous beyond half their range: makes those
  /// from before `oldest` into `oldest`.
  void forget_ticks_before(std::uint32_t oldest);

 private:
  struct Entry {
    double priority;
    std::uint32_t touched;
    std::uint32_t slot;
  };
  static bool leaves_before(const Entry& a, const Entry& b);
  Entry entry_of(std::uint32_t slot) const;
  void put(std::size_t place, const Entry& entry);
  void sift_up(std::size_t place, const Entry& entry);
  void sift_down(std::size_t place, const Entry& entry);

  UseRecords& records_;
  std::vector<Entry> entries_;
};

}  // namespace larder
