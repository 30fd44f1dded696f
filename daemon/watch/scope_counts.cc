// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/scope_counts.h"

#include <cstring>

namespace larder {

ScopeCounts::Place ScopeCounts::place_of(const Scope& scope) {
  constexpr std::size_t kMostKnown = 1'024;
  std::uint64_t mac = 0;
  std::memcpy(&mac, scope.mac.bytes.data(), sizeof mac);
  if (mac == last_mac_ && mac != 0) return last_;
  auto found = known_.find(mac);
  if (found == known_.end()) {
    if (known_.size() >= kMostKnown) known_.clear();
    found = known_.emplace(mac, find(scope)).first;
  }
  last_mac_ = mac;
  last_ = found->second;
  return last_;
}

ScopeCounts::Place ScopeCounts::find(const Scope& scope) {
  const std::size_t bytes = scope.api_key.size() + scope.environment.size() + scope.branch.size();
  if (bytes > kMostNameBytes) return kOther;
  const std::size_t used = used_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < used; ++i) {
    const Name& name = entries_[i].name;
    if (name.api_key == scope.api_key && name.environment == scope.environment &&
        name.branch == scope.branch) {
      return i;
    }
  }
  if (used == kMost) return kOther;
  entries_[used].name = {scope.api_key, scope.environment, scope.branch};
  used_.store(used + 1, std::memory_order_release);
  return used;
}

void ScopeCounts::add_to(std::map<Name, Counts>& sums) const {
  const auto add = [&](const Entry& entry) {
    Counts& sum = sums[entry.name];
    for (std::size_t i = 0; i < kOutcomes; ++i) sum[i] += entry.counts[i].get();
  };
  const std::size_t used = used_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < used; ++i) add(entries_[i]);
  add(entries_[kOther]);
}

}  // namespace larder
