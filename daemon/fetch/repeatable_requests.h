// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "daemon/orders/orders.h"

namespace larder {

/// Requests that larder can make without a visitor: those that the origin has answered since the
/// start, with the token that it answered them for. In memory alone. At most kMost, and none that
/// is longer than kMaxRequestBytes with its unkeyed lines; of a few drawn by chance the one used
/// least gives way to a new one. On the fetch thread.
class RepeatableRequests {
 public:
  static constexpr std::size_t kMost = 2'048;
  static constexpr std::size_t kMaxRequestBytes = 4 * 1024;

  /// How much what is stored for a request is used.
  using Uses = std::function<std::uint32_t(const FillOrder&)>;

  /// `order` has been answered.
  void note(const FillOrder& order, const Uses& uses);
  const std::vector<FillOrder>& all() const { return orders_; }
  const FillOrder* find(const CacheKey& key) const;
  /// One by chance; null = there is none.
  const FillOrder* any();
  void clear();

 private:
  std::size_t draw() { return (seed_ = seed_ * 6364136223846793005u + 1442695040888963407u) >> 33; }

  std::vector<FillOrder> orders_;
  std::unordered_map<CacheKey, std::size_t, KeyHash> places_;
  std::uint64_t seed_ = 1;
};

}  // namespace larder
