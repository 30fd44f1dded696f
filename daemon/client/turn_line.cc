// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/turn_line.h"

namespace larder {

std::uint64_t TurnLine::enter(TurnTaker& taker) {
  line_.emplace(next_place_, &taker);
  return next_place_++;
}

void TurnLine::run() {
  const auto end = next_place_;  // who enters meanwhile waits for the turn after
  while (!line_.empty() && line_.begin()->first < end && !is_spent()) {
    TurnTaker* taker = line_.begin()->second;
    line_.erase(line_.begin());
    taker->on_turn();
  }
}

}  // namespace larder
