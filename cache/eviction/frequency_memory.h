// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace larder {

/// How often keys were asked for lately, whether or not they are stored: a count-min sketch, which
/// never knows too little, up to kMost, but for what ageing took. Four rows of one byte for a
/// column.
class FrequencyMemory {
 public:
  static constexpr std::uint32_t kMost = 255;
  static constexpr std::size_t kRows = 4;
  static constexpr std::size_t kLeastColumns = 65'536;

  FrequencyMemory();

  std::uint32_t estimate(std::uint64_t key_hash) const;
  /// From now on estimate() is at least this.
  void raise(std::uint64_t key_hash, std::uint32_t frequency);
  /// Ageing: half of every count.
  void halve();
  /// At least this many columns; it never shrinks. Each new column begins as a copy of the one that
  /// its keys had until now, so that nothing is forgotten.
  void widen(std::size_t columns);
  std::size_t columns() const { return columns_; }

 private:
  std::array<std::size_t, kRows> places(std::uint64_t key_hash) const;

  std::size_t columns_ = kLeastColumns;
  std::size_t power_ = kLeastColumns;  ///< of two, columns_ at most
  std::array<std::vector<std::uint8_t>, kRows> rows_;
};

}  // namespace larder
