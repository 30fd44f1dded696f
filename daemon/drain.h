// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "conf/base/clock.h"
#include "conf/config.h"

namespace larder {

/// The end of the daemon in steps, decided by what the main thread sees. Pure. Legal moves
/// (`kLegalMoves` in the .cc):
///
///     serving -> open -> leaving -> answering -> over
class Drain {
 public:
  enum class State : std::uint8_t {
    serving,
    open,       ///< told to stop; listeners accept on, each answer ends its connection
    leaving,    ///< listeners are closed; the last answers go out
    answering,  ///< no worker is left; purges that came before get their answer
    over,
  };
  static const char* name_of(State state);

  struct Sight {
    MonotonicTime now;
    bool settled = false;   ///< every worker has nothing left that takes long
    bool gone = false;      ///< every worker has ended
    bool answered = false;  ///< nobody waits for an answer of the admin interface
  };

  /// Moves to `open`: `timeout` is for the answers under way.
  void begin(MonotonicTime now, Milliseconds timeout);
  /// One move at most. True = there was one.
  bool step(const Sight& sight);

  State state() const { return state_; }
  bool has_begun() const { return state_ != State::serving; }
  /// When what is still under way is cut off.
  MonotonicTime until() const { return until_; }

 private:
  void transition_to(State next);

  State state_ = State::serving;
  MonotonicTime until_{};
};

/// `{"state":"open","cut_off_in_ms":30000,"pid":123}`, for who has ordered it. Pure.
std::string drain_json(Drain::State state, MonotonicTime now, MonotonicTime until, int pid);

}  // namespace larder
