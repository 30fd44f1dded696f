// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "upstream/loop/wake_signal.h"

namespace larder {

/// Asks the thread of a loop for a sign of life, and counts its answers. An answer shows that the
/// loop polls and calls back: a thread that hangs in a callback gives none.
class LoopPulse {
 public:
  /// On the loop's thread, or before that runs.
  explicit LoopPulse(uv_loop_t* loop)
      : signal_(loop, this, [](void* self) { static_cast<LoopPulse*>(self)->answer(); }) {}

  void ask() noexcept { signal_.raise(); }  ///< thread-safe, also after close()
  /// Thread-safe. Several questions in a row may get one answer.
  std::uint64_t answers() const { return answers_.load(std::memory_order_relaxed); }
  /// On the loop's thread: no answer from here on, and the loop may end.
  void close() { signal_.close(); }

 private:
  void answer() { answers_.fetch_add(1, std::memory_order_relaxed); }

  std::atomic<std::uint64_t> answers_{0};
  WakeSignal signal_;
};

}  // namespace larder
