// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace larder {

/// Records from one thread to another: one writes, one reads, neither waits.
template <class Record>
class RecordRing {
 public:
  explicit RecordRing(std::size_t records) : records_(records) {}

  /// The writer's: a push would not be lost.
  bool has_room() const {
    return head_.load(std::memory_order_relaxed) - tail_.load(std::memory_order_acquire) <
           records_.size();
  }
  /// False = full: the record is lost, and counted.
  bool push(const Record& record) {
    if (!has_room()) {
      lost_.store(lost() + 1, std::memory_order_relaxed);
      return false;
    }
    const auto head = head_.load(std::memory_order_relaxed);
    records_[head % records_.size()] = record;
    head_.store(head + 1, std::memory_order_release);
    return true;
  }
  bool pop(Record& record) {
    const auto tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return false;
    record = records_[tail % records_.size()];
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
  std::uint64_t waiting() const { return head_.load() - tail_.load(); }

 private:
  std::vector<Record> records_;
  alignas(64) std::atomic<std::uint64_t> head_{0};
  std::atomic<std::uint64_t> lost_{0};
  alignas(64) std::atomic<std::uint64_t> tail_{0};
};

}  // namespace larder
