// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <unordered_map>

#include "cache/scope/scope_mac.h"
#include "conf/base/clock.h"
#include "conf/config.h"
#include "upstream/token_bucket.h"

namespace larder {

/// A token bucket for each credential (api key and token, whatever environment and branch): how
/// many requests it may send to the origin. At most `kMost` are kept, the one used least recently
/// is forgotten first; a forgotten one is full. Pure.
class MissBuckets {
 public:
  static constexpr std::size_t kMost = 4'096;

  /// Requests per second, and in one go. A rate of 0 is no bound.
  MissBuckets(unsigned rate, unsigned burst) { set_bounds(rate, burst); }
  void set_bounds(unsigned rate, unsigned burst) {
    bounds_ = {static_cast<double>(rate), static_cast<double>(burst)};
  }

  /// Takes one request out of the bucket. Empty: nothing is taken; gives the time until the next.
  std::optional<Milliseconds> take(const ScopeMac& bearer, MonotonicTime now);
  std::size_t size() const { return recent_.size(); }

 private:
  struct Bucket {
    ScopeMac bearer;
    TokenBucket tokens;
  };
  struct MacHash {
    std::size_t operator()(const ScopeMac& mac) const noexcept;
  };
  TokenBucket& bucket_of(const ScopeMac& bearer, MonotonicTime now);

  TokenBucket::Bounds bounds_;
  std::list<Bucket> recent_;  ///< most recent first
  std::unordered_map<ScopeMac, std::list<Bucket>::iterator, MacHash> buckets_;
};

}  // namespace larder
