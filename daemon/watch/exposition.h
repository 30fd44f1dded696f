// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace larder {

class LatencyHistogram;
class TimeHistogram;

/// Builds the Prometheus text (exposition format 0.0.4): each family's HELP and TYPE once, then its
/// samples.
class Exposition {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help);
  /// Of the last family.
  void sample(std::string_view labels, std::uint64_t value) {
    sample_of({}, labels, std::to_string(value));
  }
  /// Of the last family, which is in seconds.
  void sample_ms(std::string_view labels, std::int64_t ms);
  void single(std::string_view name, std::string_view type, std::string_view help,
              std::uint64_t value);
  void histogram(std::string_view name, std::string_view help, const TimeHistogram& times);
  /// Of the last family, a histogram in seconds: the sum of all of `parts`.
  void latencies(std::string_view labels, const std::vector<const LatencyHistogram*>& parts);
  std::string take() { return std::move(text_); }

 private:
  /// Samples of a histogram have names of their own.
  void sample_of(std::string_view ending, std::string_view labels, std::string_view value);

  std::string text_;
  std::string name_;
};

/// `name="value"`, the value escaped.
std::string label(std::string_view name, std::string_view value);

}  // namespace larder
