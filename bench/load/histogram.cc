// SPDX-License-Identifier: Apache-2.0
#include "bench/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace larder::bench {
namespace {

constexpr unsigned kStepBits = 10;
constexpr std::uint64_t kSteps = 1u << kStepBits;  // of each power of two

// Values below 2 * kSteps have a step each; above, the topmost kStepBits + 1 bits name the step.
std::size_t step_of(std::uint64_t value) {
  const unsigned width = static_cast<unsigned>(std::bit_width(value));
  if (width <= kStepBits + 1) return static_cast<std::size_t>(value);
  const unsigned shift = width - (kStepBits + 1);
  return static_cast<std::size_t>((std::uint64_t{shift} << kStepBits) + (value >> shift));
}

std::uint64_t middle_of(std::size_t step) {
  if (step < 2 * kSteps) return step;
  const auto shift = static_cast<unsigned>((step >> kStepBits) - 1);
  const std::uint64_t top = (step & (kSteps - 1)) + kSteps;
  return (top << shift) + (std::uint64_t{1} << (shift - 1));
}

}  // namespace

Histogram::Histogram() : steps_((64 - kStepBits) * kSteps + kSteps) {}

void Histogram::add(std::uint64_t value) {
  ++steps_[step_of(value)];
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value);
  ++count_;
}

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) return;
  for (std::size_t i = 0; i < steps_.size(); ++i) steps_[i] += other.steps_[i];
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
  count_ += other.count_;
}

void Histogram::clear() {
  *this = Histogram();
}

double Histogram::mean() const {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

std::uint64_t Histogram::percentile(double percent) const {
  if (count_ == 0) return 0;
  const double exact = std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(count_);
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(exact)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    seen += steps_[i];
    if (seen >= rank) return std::clamp(middle_of(i), min_, max_);
  }
  return max_;
}

}  // namespace larder::bench
