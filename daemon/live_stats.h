// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace larder {

/// How `larderctl stats` shows figures.
struct LiveStats {
  std::string socket;       ///< the daemon's admin.socket
  long timeout_s = 60;      ///< of each question
  double interval_s = 1;    ///< from one sample to the next
  unsigned long times = 0;  ///< intervals; 0 = once, or on a terminal without end
  bool json = false;
  bool terminal = false;  ///< standard output is one
  bool colours = false;
};

/// Prints the figures of one interval after the other: the exit code. A daemon that does not answer
/// any more ends it, unless it is watched on a terminal: what was shown stays, with how old it is.
int show_live_stats(const LiveStats& options);

}  // namespace larder
