// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/unstored_report.h"

namespace larder {

const char* lasting_reason(StoreVerdict verdict, bool arrived_old) {
  switch (verdict) {
    case StoreVerdict::set_cookie:
      return "Set-Cookie";
    case StoreVerdict::no_store:
      return "Cache-Control: no-store";
    case StoreVerdict::is_private:
      return "Cache-Control: private";
    case StoreVerdict::vary:
      return "Vary names what larder does not keep answers apart by";
    case StoreVerdict::storable:
      return arrived_old ? "Age beyond max-age" : nullptr;
    default:
      return nullptr;
  }
}

std::optional<std::string> UnstoredReport::note(const std::string& host, StoreVerdict verdict,
                                                const char* reason, MonotonicTime now) {
  if (hosts_.size() >= kMaxHosts && !hosts_.contains(host)) hosts_.clear();
  auto& known = hosts_[host];
  if (reason == nullptr) {
    if (verdict == StoreVerdict::storable) known.in_a_row = 0;
    return std::nullopt;
  }
  if (++known.in_a_row < kInARow) return std::nullopt;
  const auto [said, first] = known.said.try_emplace(reason, now);
  if (!first && now.ms - said->second.ms < kPauseMs) return std::nullopt;
  said->second = now;
  return "nothing of host " + host + " is " +
         (verdict == StoreVerdict::storable ? "fresh" : "stored") + ", as its last " +
         std::to_string(known.in_a_row) + " answers show: " + reason;
}

}  // namespace larder
