// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "upstream/uv_handle.h"

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
  Mailbox(uv_loop_t* loop, Receiver* receiver) : receiver_(receiver) {
    deliver_ = [](void* to, std::vector<Message>& mail) {
      static_cast<Receiver*>(to)->on_mail(mail);
    };
    auto handle = std::make_unique<uv_async_t>();
    LARDER_CHECK(uv_async_init(loop, handle.get(), on_wake) == 0);
    handle->data = this;
    async_.reset(handle.release());
  }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Thread-safe. After close() messages are dropped.
  void post(Message message) {
    const std::lock_guard lock(mutex_);
    if (!async_) return;
    waiting_.push_back(std::move(message));
    call();
  }

  /// As post(), but the receiver may learn of it only by the next post() or wake().
  void post_quietly(Message message) {
    const std::lock_guard lock(mutex_);
    if (async_) waiting_.push_back(std::move(message));
  }

  /// Thread-safe.
  void wake() {
    const std::lock_guard lock(mutex_);
    if (async_ && !waiting_.empty()) call();
  }

  /// On the loop's thread: nothing is delivered from here on.
  void close() {
    const std::lock_guard lock(mutex_);
    async_.reset();
    waiting_.clear();
  }

 private:
  /// Under mutex_.
  void call() {
    if (!std::exchange(called_, true)) uv_async_send(async_.get());
  }

  static void on_wake(uv_async_t* handle) noexcept { static_cast<Mailbox*>(handle->data)->drain(); }

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
  UvHandle<uv_async_t> async_;    ///< under mutex_; the memory lives until the loop has run
  std::vector<Message> taken_;    ///< the loop's thread only
};

}  // namespace larder
