// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "conf/base/clock.h"
#include "conf/config.h"
#include "upstream/token_bucket.h"

namespace larder {

/// A stack as the budget knows it, made of its api key; 0 = none, whose requests are not counted.
using StackId = std::uint64_t;
StackId stack_id(std::string_view api_key);

/// `upstream.requests_per_second` for each stack, whatever the requests are for. Of the stacks, at
/// most kMost are kept; the one used least recently is forgotten first, and a forgotten one has all
/// of its burst. Pure.
class StackBudget {
 public:
  static constexpr std::size_t kMost = 1'024;

  /// `config` outlives the object and may change between calls.
  explicit StackBudget(const UpstreamConfig& config) : config_(config) {}

  /// 0 = a request may start now; else in so long at the earliest.
  Milliseconds wait_ms(StackId stack, MonotonicTime now);
  /// It starts.
  void take(StackId stack, MonotonicTime now);
  /// The origin has had too many requests of this stack, and wants to be left alone until `until`.
  void refuse(StackId stack, MonotonicTime until, MonotonicTime now);
  std::size_t size() const { return buckets_.size(); }

 private:
  bool counts(StackId stack) const { return stack != 0 && config_.requests_per_second > 0; }
  TokenBucket::Bounds bounds() const;
  TokenBucket& bucket_of(StackId stack, MonotonicTime now);

  const UpstreamConfig& config_;
  std::unordered_map<StackId, TokenBucket> buckets_;
};

}  // namespace larder
