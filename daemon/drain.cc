// SPDX-License-Identifier: Apache-2.0
#include "daemon/drain.h"

#include <algorithm>
#include <array>

#include "conf/base/check.h"

namespace larder {
namespace {

/// For purges that are with the store when the last worker has ended.
constexpr Milliseconds kAnsweringMs = 2'000;

using State = Drain::State;

/// legal[from] = states that may follow.
constexpr std::array<std::array<bool, 5>, 5> kLegalMoves{{
    //              serving open leaving answering over
    /* serving */ {false, true, false, false, false},
    /* open */ {false, false, true, false, false},
    /* leaving */ {false, false, false, true, false},
    /* answering */ {false, false, false, false, true},
    /* over */ {false, false, false, false, false},
}};

}  // namespace

const char* Drain::name_of(State state) {
  switch (state) {
    case State::serving:
      return "serving";
    case State::open:
      return "open";
    case State::leaving:
      return "leaving";
    case State::answering:
      return "answering";
    case State::over:
      return "over";
  }
  return "?";
}

void Drain::transition_to(State next) {
  LARDER_CHECK(kLegalMoves[static_cast<std::size_t>(state_)][static_cast<std::size_t>(next)]);
  state_ = next;
}

void Drain::begin(MonotonicTime now, Milliseconds timeout) {
  transition_to(State::open);
  until_ = {now.ms + timeout};
}

bool Drain::step(const Sight& sight) {
  switch (state_) {
    case State::open:
      if (!sight.settled && sight.now < until_) return false;
      transition_to(State::leaving);
      return true;
    case State::leaving:
      if (!sight.gone) return false;
      transition_to(State::answering);
      until_ = {sight.now.ms + kAnsweringMs};
      return true;
    case State::answering:
      if (!sight.answered && sight.now < until_) return false;
      transition_to(State::over);
      return true;
    case State::serving:
    case State::over:
      return false;
  }
  return false;
}

std::string drain_json(Drain::State state, MonotonicTime now, MonotonicTime until, int pid) {
  const auto left = std::max<std::int64_t>(until.ms - now.ms, 0);
  return std::string("{\"state\":\"") + Drain::name_of(state) +
         "\",\"cut_off_in_ms\":" + std::to_string(left) + ",\"pid\":" + std::to_string(pid) + "}\n";
}

}  // namespace larder
