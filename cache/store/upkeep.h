// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "cache/store/database.h"

namespace larder {

/// How often the writer looks after what is not urgent.
inline constexpr std::chrono::seconds kWriterTick{10};
/// How soon it looks again after rows that are held for readers.
inline constexpr std::chrono::seconds kHeldTick{1};

/// The writer's work at its start, between orders, and at its end. The writer thread's.
class Upkeep {
 public:
  explicit Upkeep(Database& database) : database_(database) {}

  /// Gives the ledger, and with it the eviction policy, what the index knows, and removes what was
  /// held for readers of the last run. Lookups do not wait for it, puts do.
  void restore();
  /// Every kWriterTick.
  Result<void> keep_house();
  /// Rows whose readers are done, or have had their time.
  Result<void> sweep_held_rows();
  /// At the end, for two seconds at most.
  void save_all_frequencies();

 private:
  Result<void> remove_left_over();
  Result<void> save_frequencies(std::uint32_t slots);

  Database& database_;
  std::uint32_t frequencies_saved_to_ = 0;
  unsigned ticks_ = 0;
};

}  // namespace larder
