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

  /// Removes what was held for readers of the last run; once for each database that is opened.
  Result<void> remove_left_over();
  /// Every kWriterTick.
  Result<void> keep_house();
  /// Rows whose readers are done, or have had their time.
  Result<void> sweep_held_rows();
  /// At the end.
  void save_all_frequencies(Database::Clock::time_point until);

 private:
  Result<void> save_frequencies(std::uint32_t slots);

  Database& database_;
  std::uint32_t frequencies_saved_to_ = 0;
  unsigned ticks_ = 0;
  /// Generation of the database that is known to have nothing left over.
  std::uint64_t left_over_of_ = ~std::uint64_t{0};
};

}  // namespace larder
