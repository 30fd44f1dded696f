// SPDX-License-Identifier: Apache-2.0
#include "cache/store/write.h"

#include <utility>

#include "cache/store/shared.h"
#include "cache/tags/place.h"
#include "conf/base/check.h"

namespace larder {
namespace {

constexpr std::size_t kLargestHead = 1u << 20;

}  // namespace

StoreWrite::StoreWrite(StoreWrite&& other) noexcept
    : shared_(other.shared_),
      max_length_(other.max_length_),
      held_(std::exchange(other.held_, 0)),
      length_(std::exchange(other.length_, 0)),
      failed_(std::exchange(other.failed_, true)),
      body_(std::move(other.body_)) {}

StoreWrite& StoreWrite::operator=(StoreWrite&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  shared_ = other.shared_;
  max_length_ = other.max_length_;
  held_ = std::exchange(other.held_, 0);
  length_ = std::exchange(other.length_, 0);
  failed_ = std::exchange(other.failed_, true);
  body_ = std::move(other.body_);
  return *this;
}

void StoreWrite::give_back() noexcept {
  if (held_ > 0) shared_->inbox.give_back(held_);
  held_ = 0;
}

bool StoreWrite::hold(std::uint64_t bytes) {
  if (!shared_->inbox.hold(bytes)) {
    StoreCounters::raise(shared_->counters.dropped_queue_full);
    return false;
  }
  held_ += bytes;
  return true;
}

bool StoreWrite::append(Chunk piece) {
  if (failed_) return false;
  const std::uint64_t bytes = piece->size();
  const bool too_large = bytes > max_length_ - length_;
  if (too_large) StoreCounters::raise(shared_->counters.dropped_too_large);
  if (too_large || !hold(bytes)) {
    failed_ = true;
    body_.clear();
    give_back();
    return false;
  }
  length_ += bytes;
  if (bytes > 0) body_.push_back(std::move(piece));
  return true;
}

bool StoreWrite::commit(ObjectHead head, ScopeLabel scope, Done done) && {
  LARDER_CHECK(head.meta.scope == scope.mac);
  if (failed_) return false;
  LARDER_CHECK(head.meta.body_length == length_);
  const std::uint64_t head_bytes = head_bytes_of(head);
  if (head_bytes > kLargestHead) {
    StoreCounters::raise(shared_->counters.dropped_too_large);
    return false;
  }
  if (!hold(head_bytes)) return false;
  head.place = place_of(scope.api_key, scope.environment, scope.branch);
  PutOrder order;
  order.bytes = held_;
  order.object = NewObject{std::move(head), std::move(body_)};
  order.scope = std::move(scope);
  order.done = std::move(done);
  failed_ = true;
  if (!shared_->inbox.put(std::move(order))) {
    StoreCounters::raise(shared_->counters.dropped_queue_full);
    return false;
  }
  held_ = 0;
  return true;
}

}  // namespace larder
