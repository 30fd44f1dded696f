// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace larder {

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
  void single(std::string_view name, std::string_view type, std::string_view help,
              std::uint64_t value);
  void histogram(std::string_view name, std::string_view help, const TimeHistogram& times);
  std::string take() { return std::move(text_); }

 private:
  /// Samples of a histogram have names of their own.
  void sample_of(std::string_view ending, std::string_view labels, std::string_view value);

  std::string text_;
  std::string name_;
};

/// `name="value"`.
std::string label(std::string_view name, std::string_view value);

}  // namespace larder
