// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conf/base/fd.h"
#include "upstream/loop/uv_handle.h"

namespace larder {

/// Calls a loop from any thread. An eventfd and not uv_async_t, whose receiver spins, and then
/// yields its CPU, until the sender's call has returned: where both share a CPU, and the receiver
/// may go first, that is the thread which it keeps from running.
class WakeSignal {
 public:
  /// `woken(owner)` runs on the loop's thread after one or more raise().
  using Woken = void (*)(void* owner);
  WakeSignal(uv_loop_t* loop, void* owner, Woken woken);
  ~WakeSignal();
  WakeSignal(const WakeSignal&) = delete;
  WakeSignal& operator=(const WakeSignal&) = delete;

  /// Thread-safe, also after close().
  void raise() noexcept;
  /// On the loop's thread: wakes nobody from here on, nor keeps the loop running.
  void close() { poll_.reset(); }

 private:
  static void on_readable(uv_poll_t* poll, int status, int events) noexcept;

  void* owner_;
  Woken woken_;
  Fd event_;
  UvHandle<uv_poll_t> poll_;  ///< closes before the event
};

}  // namespace larder
