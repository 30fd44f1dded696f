// SPDX-License-Identifier: Apache-2.0
#include "cache/eviction/frequency_memory.h"

#include <algorithm>

namespace larder {
namespace {

/// Another number for each row; the keys' hashes are good ones, but not independent of each other.
std::uint64_t mixed(std::uint64_t hash, std::uint64_t row) {
  std::uint64_t z = hash + (row + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace

FrequencyMemory::FrequencyMemory() {
  for (auto& row : rows_) row.resize(columns_);
}

// Linear hashing: with columns between two powers of two, those of the upper half that are not
// there yet share a column with their counterpart in the lower half.
std::array<std::size_t, FrequencyMemory::kRows> FrequencyMemory::places(
    std::uint64_t key_hash) const {
  std::array<std::size_t, kRows> found;
  for (std::size_t row = 0; row < kRows; ++row) {
    const std::uint64_t hash = mixed(key_hash, row);
    const std::size_t place = hash & (2 * power_ - 1);
    found[row] = place < columns_ ? place : place - power_;
  }
  return found;
}

std::uint32_t FrequencyMemory::estimate(std::uint64_t key_hash) const {
  const auto found = places(key_hash);
  std::uint32_t least = kMost;
  for (std::size_t row = 0; row < kRows; ++row) {
    least = std::min<std::uint32_t>(least, rows_[row][found[row]]);
  }
  return least;
}

void FrequencyMemory::raise(std::uint64_t key_hash, std::uint32_t frequency) {
  const auto found = places(key_hash);
  const auto count = static_cast<std::uint8_t>(std::min(frequency, kMost));
  for (std::size_t row = 0; row < kRows; ++row) {
    rows_[row][found[row]] = std::max(rows_[row][found[row]], count);
  }
}

void FrequencyMemory::halve() {
  for (auto& row : rows_) {
    for (std::uint8_t& count : row) count /= 2;
  }
}

void FrequencyMemory::widen(std::size_t columns) {
  if (columns <= columns_) return;
  for (auto& row : rows_) row.reserve(columns);
  while (columns_ < columns) {
    if (columns_ == 2 * power_) power_ *= 2;
    for (auto& row : rows_) row.push_back(row[columns_ - power_]);
    ++columns_;
  }
}

}  // namespace larder
