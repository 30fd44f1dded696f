// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <deque>
#include <unordered_set>

#include "cache/scope/scope.h"
#include "daemon/orders/orders.h"

namespace larder {

/// A worker's copy of the credentials that the origin refuses, told by the origin thread. Empty in
/// any healthy moment, so that a hit pays one comparison, and one look-up at worst.
class RejectedSet {
 public:
  void note(const ScopeMac& credential, bool rejected) {
    if (!rejected) {
      if (all_.erase(credential) != 0) std::erase(order_, credential);
      return;
    }
    if (!all_.insert(credential).second) return;
    order_.push_back(credential);
    if (order_.size() <= kMaxRejectedCredentials) return;
    all_.erase(order_.front());
    order_.pop_front();
  }
  bool has(const ScopeMac& credential) const { return !all_.empty() && all_.contains(credential); }
  std::size_t size() const { return all_.size(); }

 private:
  struct Hash {
    std::size_t operator()(const ScopeMac& mac) const noexcept {
      std::size_t first = 0;  // of a keyed hash: nobody can choose it
      std::memcpy(&first, mac.bytes.data(), sizeof first);
      return first;
    }
  };
  std::unordered_set<ScopeMac, Hash> all_;
  std::deque<ScopeMac> order_;
};

}  // namespace larder
