// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/repeatable_requests.h"

namespace larder {
namespace {

constexpr int kDrawn = 4;

/// As one that nobody waits for.
FillOrder repeatable(const FillOrder& order) {
  FillOrder kept = order;
  kept.waiter = {};
  forget_trace(kept);
  kept.client.clear();
  kept.has_stale = true;
  kept.skip_store = false;
  kept.past_caches = false;
  return kept;
}

}  // namespace

void RepeatableRequests::note(const FillOrder& order, const Uses& uses) {
  std::size_t bytes = order.canonical.size();
  for (const auto& line : order.unkeyed) bytes += line.size();
  if (bytes > kMaxRequestBytes) return;
  if (const auto found = places_.find(order.key); found != places_.end()) {
    orders_[found->second] = repeatable(order);
    return;
  }
  std::size_t place = orders_.size();
  if (place < kMost) {
    orders_.push_back(repeatable(order));
  } else {
    place = draw() % kMost;
    for (int i = 1; i < kDrawn; ++i) {
      const std::size_t other = draw() % kMost;
      if (uses(orders_[other]) < uses(orders_[place])) place = other;
    }
    places_.erase(orders_[place].key);
    orders_[place] = repeatable(order);
  }
  places_.emplace(order.key, place);
}

const FillOrder* RepeatableRequests::find(const CacheKey& key) const {
  const auto found = places_.find(key);
  return found == places_.end() ? nullptr : &orders_[found->second];
}

const FillOrder* RepeatableRequests::any() {
  return orders_.empty() ? nullptr : &orders_[draw() % orders_.size()];
}

void RepeatableRequests::clear() {
  orders_.clear();
  places_.clear();
}

}  // namespace larder
