// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "conf/base/clock.h"
#include "conf/config.h"

namespace larder {

/// Whether all threads go on. Time is cut into rounds: one is over when every thread has gone on
/// since it began. One that hangs keeps the round open for ever. Pure.
class ThreadRounds {
 public:
  struct Sight {
    std::uint64_t steps = 0;  ///< rises whenever the thread goes on
    bool ended = false;       ///< as it was told to: it is not waited for
  };

  /// `names`: of the threads, in the order of every `seen`.
  ThreadRounds(std::vector<std::string> names, MonotonicTime now);

  /// True = the round is over, and the next one begins with `seen`.
  bool look(MonotonicTime now, std::span<const Sight> seen);

  /// Threads that have not gone on in this round, as of the last look.
  const std::vector<std::string>& late() const { return late_; }
  /// How long the round has lasted.
  Milliseconds lasted_ms(MonotonicTime now) const { return now.ms - began_.ms; }

 private:
  const std::vector<std::string> names_;
  std::vector<std::uint64_t> before_;  ///< steps at the round's beginning
  std::vector<std::string> late_;
  MonotonicTime began_;
};

}  // namespace larder
