// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/fetch/follower.h"
#include "daemon/fetch/page_fetch.h"
#include "daemon/fetch/walk_state.h"

namespace larder {

/// Asks for all published entries of a feed, as the CMS itself has them, to learn what they refer
/// to. In the refreshes' lane, one page at a time. On the fetch thread.
class ReferenceWalk {
 public:
  struct Ways {
    /// What a page says, that was asked for then. False = no more is to be learnt.
    std::function<bool(std::vector<RawEntry>, MonotonicTime asked)> know;
    /// When the host has asked to be left alone: for how long, else 0.
    std::function<Seconds()> held_for_s;
    std::function<void()> on_due_changed;
  };

  /// `seed`: from where questions are numbered; larders and starts differ by it.
  ReferenceWalk(Transfers& transfers, std::uint64_t seed, Ways ways);

  /// See WalkState::want().
  void want(const std::string& content_type) { state_.want(content_type, monotonic_now()); }
  bool is_under_way() const { return state_.state() != WalkState::State::resting; }
  void step(const FeedConfig& feed, MonotonicTime now);
  /// When step() has something to do; nothing = something is awaited, or nothing is wanted.
  std::optional<MonotonicTime> due() const;

 private:
  void end(const SyncReply& reply);

  const Ways ways_;
  WalkState state_;
  MonotonicTime asked_;
  std::uint64_t number_;  ///< of the last question
  std::optional<SyncReading> page_;
  PageFetch fetch_;
};

}  // namespace larder
