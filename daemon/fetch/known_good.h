// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "daemon/orders/orders.h"

namespace larder {

/// For each credential the last two requests, of different keys, that the origin has answered for
/// it: with one of them larder finds out whether a refusal of another is meant for the credential.
/// At most `kMaxCredentials` are kept, the oldest forgotten first, and no request that is longer
/// than `kMaxRequestBytes` with its unkeyed lines. On the fetch thread.
class KnownGood {
 public:
  static constexpr std::size_t kMaxCredentials = 1'024;
  static constexpr std::size_t kMaxRequestBytes = 4 * 1024;

  /// `order` has been answered.
  void note(const FillOrder& order);
  /// One of this credential's for another key than `key`; null = none is known.
  const FillOrder* other_than(const ScopeMac& credential, const CacheKey& key) const;
  /// Was `key` answered for this credential?
  bool has(const ScopeMac& credential, const CacheKey& key) const;
  std::size_t size() const { return known_.size(); }
  /// With new settings a credential may be asked for at another host.
  void clear() {
    known_.clear();
    order_.clear();
  }

 private:
  using Orders = std::array<std::optional<FillOrder>, 2>;  ///< the latest first
  std::map<std::array<std::uint8_t, 32>, Orders> known_;
  std::deque<std::array<std::uint8_t, 32>> order_;
};

}  // namespace larder
