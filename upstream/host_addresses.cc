// SPDX-License-Identifier: Apache-2.0
#include "upstream/host_addresses.h"

#include <algorithm>
#include <utility>

namespace larder {

bool HostAddresses::due(Seconds ttl_s, MonotonicTime now, bool anew) const {
  if (asking()) return false;
  if (!answered_at_) return true;
  const auto age = now.ms - answered_at_->ms;
  const auto pause = error_.empty() ? ttl_s * 1'000 : kLeastPauseMs;
  return age >= (anew ? pause : std::max(pause, kLeastPauseMs));
}

void HostAddresses::note_asked(MonotonicTime now) {
  asked_at_ = now;
}

bool HostAddresses::note_answer(std::vector<std::string> addresses, std::string error,
                                MonotonicTime now) {
  asked_at_.reset();
  answered_at_ = now;
  error_ = std::move(error);
  if (addresses.empty()) return false;
  addresses_.swap(addresses);
  return std::any_of(addresses.begin(), addresses.end(),
                     [&](const std::string& before) { return !holds(before); });
}

bool HostAddresses::usable(Seconds ttl_s, MonotonicTime now) const {
  if (addresses_.empty()) return false;
  if (asking() && now.ms - asked_at_->ms >= kPatienceMs) return true;
  return answered_at_ && !due(ttl_s, now, true) && !asking();
}

bool HostAddresses::holds(const std::string& peer) const {
  return std::find(addresses_.begin(), addresses_.end(), peer) != addresses_.end();
}

}  // namespace larder
