// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/known_good.h"

#include <utility>

namespace larder {

void KnownGood::note(const FillOrder& order) {
  std::size_t bytes = order.canonical.size();
  for (const auto& line : order.unkeyed) bytes += line.size();
  if (bytes > kMaxRequestBytes) return;
  const auto& credential = order.scope->credential.bytes;
  const auto [place, fresh] = known_.try_emplace(credential);
  if (fresh) order_.push_back(credential);
  Orders& orders = place->second;
  if (orders[0] && orders[0]->key == order.key) return;
  orders[1] = std::exchange(orders[0], order);
  orders[0]->waiter = {};
  forget_trace(*orders[0]);
  orders[0]->has_stale = false;
  orders[0]->skip_store = false;
  while (order_.size() > kMaxCredentials) {
    known_.erase(order_.front());
    order_.pop_front();
  }
}

const FillOrder* KnownGood::other_than(const ScopeMac& credential, const CacheKey& key) const {
  const auto found = known_.find(credential.bytes);
  if (found == known_.end()) return nullptr;
  for (const auto& order : found->second) {
    if (order && order->key != key) return &*order;
  }
  return nullptr;
}

bool KnownGood::has(const ScopeMac& credential, const CacheKey& key) const {
  const auto found = known_.find(credential.bytes);
  if (found == known_.end()) return false;
  for (const auto& order : found->second) {
    if (order && order->key == key) return true;
  }
  return false;
}

}  // namespace larder
