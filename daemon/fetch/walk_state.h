// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "conf/base/clock.h"
#include "daemon/events/sync_page.h"
#include "daemon/fetch/sync_state.h"

namespace larder {

/// What is asked of the Sync API next.
struct WalkQuestion {
  std::string content_type;      ///< of a first page; "" = of all content types
  std::string pagination_token;  ///< "" = the first page
};

/// A walk over all published entries of a feed, page by page, to learn what they refer to, and over
/// those of a content type whose schema has changed.
///
///     resting -> waiting: there is something to walk over
///     waiting -> asking: it is time for a page
///     asking -> waiting: there are more pages, or it failed
///     asking -> resting: that was the last page of all
///     waiting -> resting: nothing is wanted any more
///
/// Pure.
class WalkState {
 public:
  enum class State : std::uint8_t { resting, waiting, asking };

  static constexpr Milliseconds kPagePauseMs = 100;
  static constexpr Milliseconds kFirstPauseMs = 30'000;  ///< after a failure; then twice as long
  static constexpr Milliseconds kMaxPauseMs = 3'600'000;
  static constexpr std::size_t kMostWanted = 64;  ///< content types; more are walked over as all

  State state() const { return state_; }
  /// While waiting: when step() has a question.
  MonotonicTime due() const { return due_; }

  /// "" = all content types. What is being walked over begins anew.
  void want(const std::string& content_type, MonotonicTime now);
  /// No more is wanted; what is asked is over when it is answered.
  void stop();
  std::optional<WalkQuestion> step(MonotonicTime now);
  /// True = what the page says is not overtaken by want().
  bool on_answer(const SyncReply& reply, const std::optional<SyncPage>& page, MonotonicTime now);

 private:
  void move_to(State next);
  void wait(Milliseconds pause_ms, MonotonicTime now);
  void fail(const SyncReply& reply, MonotonicTime now);

  State state_ = State::resting;
  MonotonicTime due_;
  std::set<std::string> wanted_;  ///< the first of them is walked over
  std::string token_;             ///< of the next page of it
  bool overtaken_ = false;
  unsigned failures_ = 0;
};

}  // namespace larder
