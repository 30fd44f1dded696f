// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <vector>

#include "cache/scope.h"
#include "daemon/credentials.h"

namespace larder {

/// A worker's copy of the credentials that the origin refuses, told by the origin thread. Empty in
/// any healthy moment, so that a hit pays one comparison.
class RejectedSet {
 public:
  void note(const ScopeMac& credential, bool rejected) {
    std::erase(all_, credential);
    if (!rejected) return;
    if (all_.size() == RejectedCredentials::kMaxRejected) all_.erase(all_.begin());
    all_.push_back(credential);
  }
  bool has(const ScopeMac& credential) const {
    return !all_.empty() && std::find(all_.begin(), all_.end(), credential) != all_.end();
  }

 private:
  std::vector<ScopeMac> all_;
};

}  // namespace larder
