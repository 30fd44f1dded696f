// SPDX-License-Identifier: Apache-2.0
#include "daemon/bus/bus_outbox.h"

#include <chrono>
#include <utility>

namespace larder {
namespace {

/// Between looks at what purges that are under way at the end leave to be sent.
constexpr std::chrono::milliseconds kLastMoment{5};

}  // namespace

void BusOutbox::begin(const std::function<void()>& start) {
  const std::lock_guard lock(mutex_);
  ++under_way_;
  owes_ = true;
  start();
}

void BusOutbox::settle(std::optional<BusFields> entry) {
  const std::lock_guard lock(mutex_);
  --under_way_;
  if (entry) {
    if (queue_.size() >= BusQueue::kMost) ++version_;  // the front is another one from now on
    queue_.add(*std::move(entry));
  }
  changed_.notify_all();
}

void BusOutbox::note_gap() {
  const std::lock_guard lock(mutex_);
  owes_ = true;
  ++version_;
  queue_.note_gap();
  changed_.notify_all();
}

std::optional<BusFields> BusOutbox::wait(Milliseconds ms) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(ms),
                    [this] { return queue_.next() != nullptr || stopping_; });
  if (queue_.next() == nullptr && stopping_) {
    changed_.wait_for(lock, kLastMoment, [this] { return stopped_ || queue_.next() != nullptr; });
  }
  taken_ = version_;
  return queue_.next() == nullptr ? std::nullopt : std::optional(*queue_.next());
}

void BusOutbox::sent() {
  const std::lock_guard lock(mutex_);
  if (taken_ == version_) queue_.sent();
  changed_.notify_all();
}

void BusOutbox::pay(const std::function<void()>& pay) {
  const std::lock_guard lock(mutex_);
  if (!owes_ || under_way_ > 0 || queue_.size() > 0) return;
  owes_ = false;
  pay();
  changed_.notify_all();
}

void BusOutbox::pause(Milliseconds ms) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return stopping_; });
}

std::size_t BusOutbox::size() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void BusOutbox::stop(Milliseconds ms) {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
  changed_.wait_for(lock, std::chrono::milliseconds(ms),
                    [this] { return ended_ || (queue_.size() == 0 && under_way_ == 0 && !owes_); });
  stopped_ = true;
  changed_.notify_all();
}

void BusOutbox::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

bool BusOutbox::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

bool BusOutbox::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

}  // namespace larder
