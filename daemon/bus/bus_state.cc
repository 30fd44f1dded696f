// SPDX-License-Identifier: Apache-2.0
#include "daemon/bus/bus_state.h"

#include <algorithm>
#include <utility>

namespace larder {
namespace {

constexpr std::string_view kPositionVersion = "1 ";

}  // namespace

const char* name_of(BusState state) {
  switch (state) {
    case BusState::away:
      return "away";
    case BusState::joining:
      return "joining";
    case BusState::behind:
      return "behind";
    case BusState::following:
      return "following";
  }
  return "";
}

bool may_follow(BusState from, BusState to) {
  using S = BusState;
  constexpr std::pair<S, S> kMoves[] = {
      {S::away, S::joining},     {S::joining, S::behind}, {S::behind, S::following},
      {S::following, S::behind}, {S::behind, S::joining}, {S::following, S::joining},
      {S::joining, S::away},     {S::behind, S::away},    {S::following, S::away},
  };
  return std::find(std::begin(kMoves), std::end(kMoves), std::pair(from, to)) != std::end(kMoves);
}

bool can_go_on(const std::optional<BusId>& position, bool entry_is_there) {
  return position.has_value() && entry_is_there;
}

std::string position_text(const BusId& position) {
  return std::string(kPositionVersion) + to_text(position);
}

std::optional<BusId> parse_position(std::string_view text) {
  if (!text.starts_with(kPositionVersion)) return std::nullopt;
  return parse_bus_id(text.substr(kPositionVersion.size()));
}

Milliseconds BusBackOff::next(std::uint64_t drawn) {
  const Milliseconds half = bound_ms_ / 2;
  bound_ms_ = std::min(2 * bound_ms_, kLastMs);
  return half + static_cast<Milliseconds>(drawn % static_cast<std::uint64_t>(half + 1));
}

void BusQueue::add(BusFields entry) {
  if (entries_.size() >= kMost) return note_gap();
  entries_.push_back(std::move(entry));
}

void BusQueue::note_gap() {
  entries_.clear();
  entries_.push_back(gap_entry(node_));
}

}  // namespace larder
