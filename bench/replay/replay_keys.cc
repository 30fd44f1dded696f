// SPDX-License-Identifier: Apache-2.0
#include "bench/replay/replay_keys.h"

namespace larder::bench {

void ReplayKeys::end_change(std::uint32_t key) {
  states_[key].changing = false;
  const auto found = held_.find(key);
  if (found == held_.end()) return;
  for (const std::uint64_t line : found->second) released_.push_back({key, line});
  held_.erase(found);
}

void ReplayKeys::hold(std::uint32_t key, std::uint64_t line) {
  held_[key].push_back(line);
  ++states_[key].held;
  ++held_count_;
}

std::optional<std::uint64_t> ReplayKeys::take_released() {
  if (released_.empty()) return std::nullopt;
  const Released first = released_.front();
  released_.pop_front();
  --states_[first.key].held;
  --held_count_;
  return first.line;
}

}  // namespace larder::bench
