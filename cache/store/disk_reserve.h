// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cache/store/lmdb.h"
#include "cache/store/retry_pause.h"

namespace larder {

/// Disk blocks ahead of the file's end. Deleting takes new pages first: where the disk has none the
/// file stops growing here, and eviction begins within what it has. Whether there is room again is
/// asked every few seconds. The writer thread's.
class DiskReserve {
 public:
  using Clock = RetryPause::Clock;

  explicit DiskReserve(std::uint64_t map_bytes) : map_bytes_(map_bytes) {}

  /// Pages of the map within `cache.size`.
  std::uint64_t bound_pages(const Environment& environment) const;
  /// Pages of the map that can be used: within `cache.size` and, on a full disk, within the file.
  std::uint64_t usable_pages(const Environment& environment) const;
  /// Keeps the reserve after a commit. The reason when the disk is found full.
  std::optional<std::string> extend(Environment& environment, Clock::time_point now);
  /// The disk is full: the file stays as long as it is.
  void note_full(const Environment& environment, Clock::time_point now);
  bool full() const { return full_at_ != 0; }
  /// The next extend() asks a full disk without a pause.
  void ask_at_once() { again_.succeeded(); }
  /// The file is this one, all of whose used pages have blocks.
  void start(const Environment& environment);
  /// The file is another one.
  void forget();

 private:
  const std::uint64_t map_bytes_;
  std::uint64_t full_at_ = 0;      ///< pages of the file when the disk was full; 0 = it is not
  std::uint64_t reserved_to_ = 0;  ///< pages of the file that have disk blocks
  RetryPause again_;
};

}  // namespace larder
