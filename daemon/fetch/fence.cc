// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/fence.h"

#include <algorithm>
#include <utility>

namespace larder {

bool Fence::note(const CacheKey& key, WallTime now) {
  if (keys_.size() >= most_ && !keys_.contains(key)) make_room(now);
  if (keys_.size() >= most_ && !keys_.contains(key)) return false;
  Outdated& outdated = keys_.try_emplace(key, Outdated{now, now}).first->second;
  const Milliseconds lasted = std::max<std::int64_t>(0, now.ms - outdated.since.ms);
  outdated.pause_until.ms =
      now.ms + std::clamp<Milliseconds>(lasted / kPart, kShortestPause, kLongestPause);
  return !std::exchange(outdated.asked_past_caches, true);
}

void Fence::end_pauses() {
  for (auto& [key, outdated] : keys_) outdated.pause_until = {};
}

bool Fence::pauses(const CacheKey& key, WallTime now) const {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return false;
  const Milliseconds left = found->second.pause_until.ms - now.ms;
  return left > 0 && left <= kLongestPause;
}

bool Fence::passes_caches(const CacheKey& key) const {
  const auto found = keys_.find(key);
  return found != keys_.end() && !found->second.plainly;
}

void Fence::ask_plainly(const CacheKey& key) {
  const auto found = keys_.find(key);
  if (found != keys_.end()) found->second.plainly = true;
}

/// Those that nobody has asked for since their pause ended go.
void Fence::make_room(WallTime now) {
  std::erase_if(keys_, [&](const auto& entry) {
    return entry.second.pause_until.ms + kLongestPause <= now.ms;
  });
}

void pass_caches(std::string& url, std::uint64_t number, WallTime now) {
  url += url.find('?') == std::string::npos ? '?' : '&';
  url += "larder_fill=";
  url += std::to_string(now.ms);
  url += '.';
  url += std::to_string(number);
}

}  // namespace larder
