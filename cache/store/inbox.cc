// SPDX-License-Identifier: Apache-2.0
#include "cache/store/inbox.h"

#include <utility>

namespace larder {
namespace {

constexpr std::size_t kMaxPuts = 16'384;
constexpr std::size_t kMaxReports = 1'024;

}  // namespace

void StoreInbox::set_bounds(std::uint64_t max_bytes, std::chrono::milliseconds gather) {
  const std::lock_guard lock(mutex_);
  max_bytes_.store(max_bytes, std::memory_order_relaxed);
  gather_ = gather;
}

bool StoreInbox::worth_a_batch() const {
  return puts_ >= bounds_.objects || put_bytes_ >= bounds_.bytes || others_ > 0 || stopping_;
}

/// With the mutex held. Wakes the writer only when it has something to do that it did not have.
void StoreInbox::add(Order order) {
  const bool was_idle = orders_.empty();
  orders_.push_back(std::move(order));
  if (was_idle || worth_a_batch()) ready_.notify_one();
}

bool StoreInbox::hold(std::uint64_t bytes) {
  const std::uint64_t before = held_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (before + bytes <= max_bytes()) return true;
  give_back(bytes);
  return false;
}

bool StoreInbox::put(PutOrder order) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || puts_ >= kMaxPuts) return false;
  pending_bytes_.fetch_add(order.bytes, std::memory_order_relaxed);
  put_bytes_ += order.bytes;
  ++puts_;
  add(std::move(order));
  return true;
}

void StoreInbox::purge(PurgeJob job) {
  const std::lock_guard lock(mutex_);
  if (job.order.what == PurgeOrder::What::all && !job.order.dry_run) drop_puts();
  ++others_;
  add(std::move(job));
}

void StoreInbox::ask(SurveyJob job) {
  const std::lock_guard lock(mutex_);
  ++others_;
  add(std::move(job));
}

void StoreInbox::drop_all_puts() {
  const std::lock_guard lock(mutex_);
  drop_puts();
}

/// With the mutex held. They are settled by the writer, whose thread their callbacks run on.
void StoreInbox::drop_puts() {
  for (Order& order : orders_) {
    if (auto* put = std::get_if<PutOrder>(&order)) dropped_.push_back(std::move(*put));
  }
  std::erase_if(orders_,
                [](const Order& order) { return std::holds_alternative<PutOrder>(order); });
  puts_ = 0;
  put_bytes_ = 0;
}

void StoreInbox::add_report(Order order) {
  const std::lock_guard lock(mutex_);
  if (reports_ >= kMaxReports) return;
  ++reports_;
  ++others_;
  add(std::move(order));
}

void StoreInbox::report(CheckOrder order) {
  add_report(order);
}
void StoreInbox::report(DamageReport report) {
  add_report(report);
}

void StoreInbox::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  ready_.notify_one();
}

void StoreInbox::take_puts(Batch& batch) {
  std::uint64_t bytes = 0;
  while (!orders_.empty() && batch.puts.size() < bounds_.objects) {
    auto* put = std::get_if<PutOrder>(&orders_.front());
    if (put == nullptr) return;
    if (!batch.puts.empty() && bytes + put->bytes > bounds_.bytes) return;
    bytes += put->bytes;
    put_bytes_ -= put->bytes;
    --puts_;
    batch.puts.push_back(std::move(*put));
    orders_.pop_front();
  }
}

void StoreInbox::ask_for_step() {
  const std::lock_guard lock(mutex_);
  asked_for_step_ = true;
  ready_.notify_one();
}

Batch StoreInbox::take(Clock::time_point until) {
  std::unique_lock lock(mutex_);
  Batch batch;
  ready_.wait_until(lock, until, [&] {
    if (std::exchange(asked_for_step_, false)) note_step();
    return stopping_ || !orders_.empty() || !dropped_.empty();
  });
  batch.stopping = stopping_;
  if (!orders_.empty() && std::holds_alternative<PutOrder>(orders_.front())) {
    // A purge of all may drop them meanwhile.
    ready_.wait_until(lock, last_taken_ + gather_, [&] { return worth_a_batch(); });
    take_puts(batch);
    last_taken_ = Clock::now();
  }
  batch.dropped = std::exchange(dropped_, {});
  if (!batch.puts.empty() || orders_.empty()) return batch;
  --others_;
  Order& order = orders_.front();
  if (auto* job = std::get_if<PurgeJob>(&order)) {
    batch.other = std::move(*job);
  } else if (auto* survey = std::get_if<SurveyJob>(&order)) {
    batch.other = std::move(*survey);
  } else {
    --reports_;
    if (auto* check = std::get_if<CheckOrder>(&order)) {
      batch.other = *check;
    } else {
      batch.other = std::get<DamageReport>(order);
    }
  }
  orders_.pop_front();
  return batch;
}

}  // namespace larder
