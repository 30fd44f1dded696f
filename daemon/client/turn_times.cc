// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/turn_times.h"

#include <uv.h>

namespace larder {

std::uint64_t TurnTimes::began_ns() {
  if (began_ns_ == 0) began_ns_ = uv_hrtime();
  return began_ns_;
}

void TurnTimes::end() {
  if (any_) {
    const std::uint64_t us = (uv_hrtime() - began_ns_) / 1'000;
    for (std::size_t i = 0; i < kAnswerClasses; ++i) times_[i].add(us, answered_[i]);
    answered_ = {};
    any_ = false;
  }
  began_ns_ = 0;
}

}  // namespace larder
