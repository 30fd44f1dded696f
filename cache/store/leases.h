// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace larder {

class LeaseTable;

/// The right to go on reading the chunk rows of one object after it was replaced, evicted or
/// purged. Ends with its destruction; may be empty. Ends before the Store.
class ReaderLease {
 public:
  ReaderLease() = default;
  ~ReaderLease() { end(); }
  ReaderLease(ReaderLease&& other) noexcept
      : table_(std::exchange(other.table_, nullptr)), sequence_(other.sequence_) {}
  ReaderLease& operator=(ReaderLease&& other) noexcept;
  ReaderLease(const ReaderLease&) = delete;
  ReaderLease& operator=(const ReaderLease&) = delete;

  explicit operator bool() const { return table_ != nullptr; }
  bool is_of(std::uint64_t sequence) const { return table_ != nullptr && sequence_ == sequence; }
  void end() noexcept;

 private:
  friend class LeaseTable;
  ReaderLease(LeaseTable& table, std::uint64_t sequence) : table_(&table), sequence_(sequence) {}

  LeaseTable* table_ = nullptr;
  std::uint64_t sequence_ = 0;
};

/// Which objects with chunk rows are being read, known by their sequence. Shared by the readers,
/// who take leases, and the writer, who removes. All calls are thread-safe.
///
/// A reader may see an object in its snapshot while the writer removes it. The writer says what it
/// is about to remove (begin_removal()), and of which transaction the last removal was. take()
/// refuses a sequence that is about to go, and snapshots from before that transaction: the reader
/// looks again in a new one. So a lease that was granted is never too late.
class LeaseTable {
 public:
  /// Objects leased at once. Readers beyond it go without: they are cut off at a removal.
  static constexpr std::size_t kMaxObjects = 65'536;

  enum class Taken : std::uint8_t { yes, outdated, full };
  /// Of an object seen in LMDB's transaction `snapshot`.
  Taken take(std::uint64_t sequence, std::uint64_t snapshot, ReaderLease& lease);

  // For the writer.
  bool leased(std::uint64_t sequence) const;
  /// False = it is leased, its rows have to stay. True = nobody takes a lease on it any more,
  /// unless the removal is rolled back.
  bool begin_removal(std::uint64_t sequence);
  /// As begin_removal(), of all objects at once: false when any is leased, unless `by_force`.
  bool begin_removal_of_all(bool by_force);
  /// The removals since the last of these calls are visible to snapshots from `transaction` on.
  void removed(std::uint64_t transaction);
  void rolled_back();
  /// The database is another one, whose transactions are counted anew.
  void begin_anew();

 private:
  friend class ReaderLease;
  void give_back(std::uint64_t sequence) noexcept;

  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::uint32_t> leases_;  ///< how many of each object
  std::unordered_set<std::uint64_t> going_;  ///< removed in the transaction under way
  bool all_going_ = false;
  std::uint64_t removed_at_ = 0;
};

}  // namespace larder
