// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "daemon/watch/latency_histogram.h"
#include "daemon/watch/outcome.h"

namespace larder {

using AnswerTimes = std::array<LatencyHistogram, kAnswerClasses>;

/// How long the answers take of one turn of a worker. All requests that come in a turn count from
/// its first one, and those that are answered in the same turn until its end, when the answers are
/// with the kernel: so the clock is read twice for all of them. A worker's.
class TurnTimes {
 public:
  explicit TurnTimes(AnswerTimes& times) : times_(times) {}

  /// uv_hrtime() when this was first asked for in this turn.
  std::uint64_t began_ns();
  /// The request has come in this turn.
  void note_in_turn(AnswerClass answer) {
    ++answered_[static_cast<std::size_t>(answer)];
    any_ = true;
  }
  void note(AnswerClass answer, std::uint64_t us) {
    times_[static_cast<std::size_t>(answer)].add(us);
  }
  /// The turn is over.
  void end();

 private:
  AnswerTimes& times_;
  std::uint64_t began_ns_ = 0;  ///< 0 = nobody has asked
  std::array<std::uint64_t, kAnswerClasses> answered_{};
  bool any_ = false;
};

}  // namespace larder
