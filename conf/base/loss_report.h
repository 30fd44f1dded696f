// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "conf/base/clock.h"

namespace larder {

/// When to say that lines of a log were lost: at once, then once a minute with what has been added.
/// Pure.
class LossReport {
 public:
  static constexpr std::int64_t kPauseMs = 60'000;

  LossReport() = default;
  /// So many have been told before; the next word comes at once.
  explicit LossReport(std::uint64_t told) : told_(told) {}

  /// `what`: "lines of the access log PATH". `lost`: since the start, for `cause`. `trouble`: why
  /// no line can be written now, if so. Gives what to say now.
  std::optional<std::string> note(std::string_view what, std::uint64_t lost, std::string_view cause,
                                  std::string_view trouble, MonotonicTime now);

  /// Of the lines lost so many have been told.
  std::uint64_t told() const { return told_; }

 private:
  std::uint64_t told_ = 0;
  bool in_trouble_ = false;  ///< as was said last
  std::optional<MonotonicTime> said_;
};

}  // namespace larder
