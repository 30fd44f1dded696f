// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/miss_buckets.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace larder {

std::size_t MissBuckets::MacHash::operator()(const ScopeMac& mac) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, mac.bytes.data(), sizeof hash);
  return hash;
}

MissBuckets::Bucket& MissBuckets::bucket_of(const ScopeMac& bearer, MonotonicTime now) {
  if (const auto found = buckets_.find(bearer); found != buckets_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return recent_.front();
  }
  if (recent_.size() >= kMost) {
    buckets_.erase(recent_.back().bearer);
    recent_.pop_back();
  }
  recent_.push_front({bearer, burst_, now});
  buckets_.emplace(bearer, recent_.begin());
  return recent_.front();
}

std::optional<Milliseconds> MissBuckets::take(const ScopeMac& bearer, MonotonicTime now) {
  if (rate_ == 0) return std::nullopt;
  Bucket& bucket = bucket_of(bearer, now);
  const auto passed_ms = static_cast<double>(std::max<std::int64_t>(0, now.ms - bucket.at.ms));
  bucket.left = std::min(burst_, bucket.left + passed_ms * rate_ / 1'000);
  bucket.at = now;
  if (bucket.left >= 1) {
    bucket.left -= 1;
    return std::nullopt;
  }
  return static_cast<Milliseconds>(std::ceil((1 - bucket.left) * 1'000 / rate_));
}

}  // namespace larder
