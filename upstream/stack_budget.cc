// SPDX-License-Identifier: Apache-2.0
#include "upstream/stack_budget.h"

#include <algorithm>
#include <functional>

namespace larder {

StackId stack_id(std::string_view api_key) {
  return std::max<StackId>(1, std::hash<std::string_view>{}(api_key));
}

TokenBucket::Bounds StackBudget::bounds() const {
  const double per_second = config_.requests_per_second;
  const double burst = config_.request_burst > 0 ? config_.request_burst : per_second / 4;
  return {per_second, std::max(1.0, burst)};
}

TokenBucket& StackBudget::bucket_of(StackId stack, MonotonicTime now) {
  if (const auto found = buckets_.find(stack); found != buckets_.end()) return found->second;
  if (buckets_.size() >= kMost) {
    buckets_.erase(std::min_element(buckets_.begin(), buckets_.end(), [](auto& a, auto& b) {
      return a.second.used_at() < b.second.used_at();
    }));
  }
  return buckets_.try_emplace(stack, bounds(), now).first->second;
}

Milliseconds StackBudget::wait_ms(StackId stack, MonotonicTime now) {
  return counts(stack) ? bucket_of(stack, now).wait_ms(bounds(), now) : 0;
}

void StackBudget::take(StackId stack, MonotonicTime now) {
  if (counts(stack)) bucket_of(stack, now).take();
}

void StackBudget::refuse(StackId stack, MonotonicTime until, MonotonicTime now) {
  if (counts(stack)) bucket_of(stack, now).refuse(bounds(), until, now);
}

}  // namespace larder
