// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/thread_rounds.h"
#include "upstream/loop/uv_handle.h"

namespace larder {

/// Feeds the service manager's watchdog (WatchdogSec=) from the main thread, once for each round in
/// which every thread of larderd went on. Where one hangs, nothing is fed, and the service manager
/// ends larderd and starts it anew.
class Watchdog {
 public:
  /// Of one thread; both are called on the main thread.
  struct Thread {
    std::string name;
    std::function<void()> ask;  ///< for a step
    std::function<ThreadRounds::Sight()> look;
  };

  /// `interval_ms`: within which it must be fed, over 0. The threads outlive this.
  Watchdog(uv_loop_t* loop, Milliseconds interval_ms, std::vector<Thread> threads);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  static void on_tick(uv_timer_t* timer) noexcept;
  void step(MonotonicTime now);
  void ask_all() const;
  void tell_late(MonotonicTime now);

  const Milliseconds interval_ms_;
  const std::vector<Thread> threads_;
  ThreadRounds rounds_;
  bool told_ = false;  ///< of this round, in the log
  UvHandle<uv_timer_t> timer_;
};

}  // namespace larder
