// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "conf/base/clock.h"
#include "conf/base/line_output.h"

namespace larder {

/// What an operator is told of a log.
struct LogStatus {
  std::uint64_t lost = 0;  ///< lines, since the start
  std::string trouble;     ///< why no line can be written now; empty = it works
};

/// How the writing of one log goes. One thread writes the log, any thread asks.
class LogHealth {
 public:
  /// So long a write may take until that is a trouble.
  static constexpr std::int64_t kSlowMs = 1'000;

  void begin_write(MonotonicTime now) { writing_since_ms_.store(now.ms); }
  void end_write(const LineOutput::Outcome& outcome);
  /// There was no room for these. Any thread.
  void add_unbuffered(std::uint64_t lines);

  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
  std::string trouble(MonotonicTime now) const;
  /// Why the last lines were lost.
  std::string cause() const;

 private:
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<std::int64_t> writing_since_ms_{0};  ///< 0 = no write is under way
  std::atomic<int> error_{0};                      ///< errno of the last write, 0 = it worked
  std::atomic<int> cause_{0};                      ///< errno, 0 = no room
};

}  // namespace larder
