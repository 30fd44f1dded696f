// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>

namespace larder {

/// Whether a snapshot is being taken, and whether it is to end before its end: while one is, no
/// page that is freed can be used again. Any thread.
class SnapshotGate {
 public:
  /// False = there is one already.
  bool enter() {
    const std::lock_guard lock(mutex_);
    if (std::exchange(inside_, true)) return false;
    reason_.clear();
    return true;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    inside_ = false;
    left_.notify_all();
  }
  /// The one that is being taken, if any, ends soon. The first reason is the one that counts.
  void cancel(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    if (inside_ && reason_.empty()) reason_ = reason;
  }
  /// Cancels, and waits until the pages are free: the thread that takes it looks every few ms.
  /// False = there was none.
  bool make_way(const std::string& reason) {
    constexpr std::chrono::seconds kLongest{2};
    cancel(reason);
    std::unique_lock lock(mutex_);
    if (!inside_) return false;
    left_.wait_for(lock, kLongest, [this] { return !inside_; });
    return true;
  }
  /// Why it is to end; "" = it goes on.
  std::string reason() const {
    const std::lock_guard lock(mutex_);
    return reason_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable left_;
  bool inside_ = false;
  std::string reason_;
};

}  // namespace larder
