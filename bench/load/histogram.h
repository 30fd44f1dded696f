// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace larder::bench {

/// Counts of values by magnitude, as HdrHistogram does: each power of two in 1,024 equal steps, so
/// that every value is known to within 0.1 %, from 0 to 2^63, in constant time.
class Histogram {
 public:
  Histogram();

  void add(std::uint64_t value);
  void merge(const Histogram& other);
  void clear();

  std::uint64_t count() const { return count_; }
  std::uint64_t min() const { return count_ == 0 ? 0 : min_; }  ///< exact
  std::uint64_t max() const { return max_; }                    ///< exact
  double mean() const;

  /// The least value that `percent` of all values do not exceed; the middle of its step, never
  /// outside [min, max]. 0 when empty.
  std::uint64_t percentile(double percent) const;

 private:
  std::vector<std::uint64_t> steps_;
  std::uint64_t count_ = 0;
  std::uint64_t min_ = 0;
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace larder::bench
