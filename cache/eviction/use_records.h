// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

namespace larder {

/// What is known of the use of a stored object. Workers write frequency, priority and touched, by
/// relaxed stores: of two hits at the same moment one may be lost, which costs nothing that
/// matters.
struct UseRecord {
  std::atomic<double> priority{0};
  std::atomic<std::uint32_t> frequency{0};
  std::atomic<std::uint32_t> touched{0};
  std::atomic<float> worth{0};  ///< of one use; 0 = the slot is free
  std::uint32_t place = 0;      ///< in the heap; the writer's alone
};
static_assert(sizeof(UseRecord) == 24);
static_assert(std::atomic<double>::is_always_lock_free && std::atomic<float>::is_always_lock_free);

/// The records of all slots. They never move, so that workers may write into them while the writer
/// adds more: segments, each twice as long as the one before, behind a table that never moves
/// either.
class UseRecords {
 public:
  UseRecords() = default;
  ~UseRecords();
  UseRecords(const UseRecords&) = delete;
  UseRecords& operator=(const UseRecords&) = delete;

  /// Any thread: null for slots that were never stored.
  UseRecord* find(std::uint32_t slot) const noexcept {
    return slot < known_.load(std::memory_order_acquire) ? &at(slot) : nullptr;
  }
  /// The writer: makes the record, and all below it, unless they are there.
  UseRecord& make(std::uint32_t slot);
  /// The writer, or a worker after find(): a record that is there.
  UseRecord& at(std::uint32_t slot) const noexcept {
    const Place place = place_of(slot);
    return segments_[place.segment].load(std::memory_order_relaxed)[place.index];
  }

 private:
  static constexpr std::uint64_t kFirstLength = 1'024;
  static constexpr unsigned kSegments = 23;  // all slots that 32 bits can name

  struct Place {
    unsigned segment;
    std::uint64_t index;
  };
  static Place place_of(std::uint32_t slot) noexcept;

  std::array<std::atomic<UseRecord*>, kSegments> segments_{};
  std::atomic<std::uint64_t> known_{0};
};

}  // namespace larder
