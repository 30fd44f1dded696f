// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/miss_buckets.h"

#include <cstring>

namespace larder {

std::size_t MissBuckets::MacHash::operator()(const ScopeMac& mac) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, mac.bytes.data(), sizeof hash);
  return hash;
}

TokenBucket& MissBuckets::bucket_of(const ScopeMac& bearer, MonotonicTime now) {
  if (const auto found = buckets_.find(bearer); found != buckets_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return recent_.front().tokens;
  }
  if (recent_.size() >= kMost) {
    buckets_.erase(recent_.back().bearer);
    recent_.pop_back();
  }
  recent_.push_front({bearer, TokenBucket(bounds_, now)});
  buckets_.emplace(bearer, recent_.begin());
  return recent_.front().tokens;
}

std::optional<Milliseconds> MissBuckets::take(const ScopeMac& bearer, MonotonicTime now) {
  if (bounds_.per_second == 0) return std::nullopt;
  TokenBucket& bucket = bucket_of(bearer, now);
  const Milliseconds wait_ms = bucket.wait_ms(bounds_, now);
  if (wait_ms > 0) return wait_ms;
  bucket.take();
  return std::nullopt;
}

}  // namespace larder
