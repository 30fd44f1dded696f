// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "upstream/loop/wake_signal.h"

namespace larder {

/// Messages into one loop from any thread, in the order in which each sender posted them. The only
/// way by which larder's threads speak to each other. Not bounded by itself: what is posted is
/// bounded by its cause (one order for each connection, one event for each transfer's progress).
///
/// `Receiver` has `void on_mail(std::vector<Message>&)`, called on the loop's thread.
template <class Message>
class Mailbox {
 public:
  template <class Receiver>
  Mailbox(uv_loop_t* loop, Receiver* receiver)
      : receiver_(receiver),
        deliver_([](void* to, std::vector<Message>& mail) {
          static_cast<Receiver*>(to)->on_mail(mail);
        }),
        signal_(loop, this, [](void* self) { static_cast<Mailbox*>(self)->drain(); }) {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Thread-safe. After close() messages are dropped.
  void post(Message message) {
    if (add(std::move(message), true)) signal_.raise();
  }

  /// As post(), but the receiver may learn of it only by the next post() or wake().
  void post_quietly(Message message) { add(std::move(message), false); }

  /// Thread-safe.
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || waiting_.empty() || std::exchange(called_, true)) return;
    }
    signal_.raise();
  }

  /// On the loop's thread: nothing is delivered from here on.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    waiting_.clear();
    signal_.close();
  }

 private:
  /// True = the receiver is to be called, which is done without the lock: it may run at once.
  bool add(Message&& message, bool call) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    waiting_.push_back(std::move(message));
    return call && !std::exchange(called_, true);
  }

  void drain() {
    {
      const std::lock_guard lock(mutex_);
      waiting_.swap(taken_);
      called_ = false;
    }
    if (!taken_.empty()) deliver_(receiver_, taken_);
    taken_.clear();
  }

  void* receiver_;
  void (*deliver_)(void*, std::vector<Message>&);
  std::mutex mutex_;
  std::vector<Message> waiting_;  ///< under mutex_
  bool called_ = false;           ///< under mutex_: the receiver is on its way
  bool closed_ = false;           ///< under mutex_
  std::vector<Message> taken_;    ///< the loop's thread only
  WakeSignal signal_;
};

}  // namespace larder
