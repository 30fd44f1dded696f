// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/decision_ring.h"

#include <algorithm>

namespace larder {

DecisionRing::DecisionRing(std::size_t most) {
  if (most == 0) return;
  hits_.places.resize(std::max<std::size_t>(1, most / 4));
  others_.places.resize(std::max<std::size_t>(1, most - most / 4));
}

void DecisionRing::find_in(const Part& part, const Wanted& wanted, std::vector<Decision>& found) {
  const std::size_t room = part.places.size();
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(part.noted, room));
  for (std::size_t i = 1; i <= count; ++i) {
    const Decision& decision = part.places[(part.next + room - i) % room];
    if (wanted(decision)) found.push_back(decision);
  }
}

std::vector<Decision> DecisionRing::find(const Wanted& wanted, std::size_t most) const {
  std::vector<Decision> found;
  find_in(others_, wanted, found);
  find_in(hits_, wanted, found);
  keep_latest(found, most);
  return found;
}

std::size_t DecisionRing::bytes() const {
  return (hits_.places.size() + others_.places.size()) * sizeof(Decision);
}

void keep_latest(std::vector<Decision>& decisions, std::size_t most) {
  std::stable_sort(decisions.begin(), decisions.end(),
                   [](const Decision& a, const Decision& b) { return b.time < a.time; });
  if (decisions.size() > most) decisions.resize(most);
}

}  // namespace larder
