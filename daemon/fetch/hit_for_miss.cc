// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/hit_for_miss.h"

namespace larder {

void HitForMiss::mark(const CacheKey& key, MonotonicTime now) {
  const auto until = MonotonicTime{now.ms + hold_ms_};
  marks_[key] = until;
  order_.emplace_back(key, until);
  while (order_.size() > kMaxMarks) forget_oldest();
}

void HitForMiss::unmark(const CacheKey& key) {
  if (!marks_.empty()) marks_.erase(key);
}

bool HitForMiss::marked(const CacheKey& key, MonotonicTime now) {
  if (marks_.empty()) return false;
  forget_old(now);
  const auto found = marks_.find(key);
  return found != marks_.end() && found->second > now;
}

HitForMiss::Advice HitForMiss::advise(const CacheKey& key, MonotonicTime now) {
  if (marked(key, now)) return Advice::alone;
  if (marks_.empty() || !marks_.contains(key)) return Advice::share;
  mark(key, now);
  return Advice::probe;
}

void HitForMiss::clear() {
  marks_.clear();
  order_.clear();
}

void HitForMiss::forget_old(MonotonicTime now) {
  while (!order_.empty() && order_.front().second.ms + hold_ms_ <= now.ms) forget_oldest();
}

void HitForMiss::forget_oldest() {
  const auto found = marks_.find(order_.front().first);
  if (found != marks_.end() && found->second == order_.front().second) marks_.erase(found);
  order_.pop_front();
}

}  // namespace larder
