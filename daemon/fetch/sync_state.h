// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conf/base/clock.h"
#include "conf/config.h"
#include "daemon/events/activity_page.h"
#include "daemon/events/sync_page.h"
#include "daemon/fetch/feed_cursor.h"

namespace larder {

/// What the origin is asked.
struct SyncQuestion {
  enum class What : std::uint8_t {
    activity,  ///< content_types?only_last_activity=true
    init,      ///< the first page of a new synchronisation
    page,      ///< the next page of one
    poll,      ///< what has come since
  };
  What what = What::poll;
  std::string token;         ///< of page and poll
  WallTime start_from;       ///< of init
  std::size_t skip = 0;      ///< of activity
  std::uint64_t number = 0;  ///< another one each time: no cache on the way may answer
};

/// How an answer came, whatever it was about.
struct SyncReply {
  int status = 0;                  ///< 0 = none came, and `trouble` says why
  std::string trouble;             ///< without a token
  std::int64_t retry_after_s = 0;  ///< 0 = it does not say
};

/// What is to be purged, together with the position.
struct SyncPurge {
  bool all = false;     ///< everything of the scope; else what shows the changes
  bool missed = false;  ///< nobody knows what has changed, nor when: PurgeOrder::missed
  std::vector<ContentChange> changes;
  WallTime happened;  ///< the first of the events, not in the future; 0 = not known
  WallTime newest;    ///< the last of them; 0 = not known
  std::string position;
};

/// Follows the changes of one stack, environment and branch: what is asked when, and what an answer
/// means. A page is asked for only when the purge of the one before is durable, and the position
/// is kept with that purge: a crash may repeat a page, and never skips one.
///
///     waiting -> asking: it is time
///     asking -> waiting: it failed, or nothing has changed
///     asking -> committing: there is something to purge
///     committing -> waiting: the purge is durable, or has failed
///
/// Where no position is known, or the origin has forgotten it (error 141), nobody knows what was
/// missed: a new synchronisation begins, and everything of the scope is purged once.
///
/// Sync says nothing of changed content types and global fields: from time to time, and after the
/// first poll, the last activity of each content type is asked for. One that is later than all that
/// sync has reported of the content type means that its schema has changed. (An entry that is
/// published behind the change, before larder has looked, hides it.) Pure.
class SyncState {
 public:
  enum class State : std::uint8_t { waiting, asking, committing };
  /// What became of a question, for the metrics.
  enum class Result : std::uint8_t {
    unchanged,
    changed,
    failed,     ///< no answer that larder can use
    limited,    ///< the origin wants to be left alone, or its host is not asked now
    forgotten,  ///< the origin does not know the position any more
  };
  static constexpr std::size_t kResults = 5;

  static constexpr unsigned kPollsForActivity = 15;  ///< then content types are asked about
  static constexpr std::size_t kActivityPage = 100;  ///< of the API
  static constexpr std::size_t kMaxActivities = 2'000;
  static constexpr std::size_t kMaxExplained = 1'000;
  static constexpr unsigned kLooks =
      3;  ///< of a start; if all fail, the feed is up to date without
  static constexpr Milliseconds kMaxPauseMs = 60'000;  ///< whatever Retry-After says
  static constexpr Milliseconds kSameMs = 1'000;       ///< two times of one event differ by less
  /// A new synchronisation begins so long ago: clocks differ.
  static constexpr Milliseconds kMarginMs = 15 * 60'000;

  /// `position`: what was kept last. `seed`: larders differ by it.
  SyncState(Milliseconds interval_ms, const std::optional<std::string>& position,
            std::uint64_t seed, MonotonicTime now);

  State state() const { return state_; }
  /// From the next pause on.
  void set_interval(Milliseconds interval_ms) { interval_ms_ = interval_ms; }
  /// While waiting: when step() has a question.
  MonotonicTime due() const { return due_; }

  /// Waiting and due: what is asked now.
  std::optional<SyncQuestion> step(MonotonicTime now, WallTime wall);
  /// Of the last question. `page`, `activity`: what could be read of its answer. Gives what is to
  /// be purged; then on_purged() is awaited.
  std::optional<SyncPurge> on_answer(const SyncReply& reply, std::optional<SyncPage> page,
                                     MonotonicTime now, WallTime wall);
  std::optional<SyncPurge> on_answer(const SyncReply& reply, std::optional<ActivityPage> activity,
                                     MonotonicTime now);
  void on_purged(bool durable, MonotonicTime now);

  Result last_result() const { return last_result_; }
  /// Failures in a row, and the last of them in words; 0 and "" = none.
  unsigned failures() const { return failures_; }
  const std::string& trouble() const { return trouble_; }
  /// When everything that the origin had to tell was purged for the last time.
  std::optional<MonotonicTime> complete_at() const { return complete_at_; }

 private:
  void move_to(State next);
  void fail(Result result, std::string trouble, std::int64_t retry_after_s, MonotonicTime now);
  bool refuse(const SyncReply& reply, bool readable, std::int64_t error_code, MonotonicTime now);
  std::optional<SyncPurge> commit(SyncPurge purge, FeedCursor next);
  void settle(MonotonicTime now);
  SyncPurge purge_of(SyncPage& page, WallTime wall);
  bool is_explained(const ActivityPage::Type& type) const;
  void add_edited(const ActivityPage& activity, SyncPurge& purge);
  std::optional<SyncPurge> take_activity(const ActivityPage& activity, MonotonicTime now);
  Milliseconds pause_ms(MonotonicTime now) const;

  Milliseconds interval_ms_;
  const std::uint64_t seed_;
  State state_ = State::waiting;
  MonotonicTime due_;
  std::uint64_t asked_ = 0;
  SyncQuestion::What question_ = SyncQuestion::What::poll;
  std::optional<FeedCursor> cursor_;  ///< nothing = not known
  FeedCursor next_;                   ///< committing: once that is durable
  bool has_baseline_ = false;         ///< without a cursor: `baseline_` is what it begins with
  FeedCursor baseline_;
  unsigned polls_ = 0;       ///< since content types were asked about
  bool has_looked_ = false;  ///< at them, since the start
  unsigned failed_looks_ = 0;
  ActivityPage activities_;                   ///< the pages so far
  std::map<std::string, WallTime> suspects_;  ///< content types: perhaps edited, says the last look
  std::map<std::string, WallTime> explained_;  ///< by content type: its last event by sync
  Result last_result_ = Result::unchanged;
  unsigned failures_ = 0;
  std::string trouble_;
  std::optional<MonotonicTime> complete_at_;
};

const char* name_of(SyncState::Result result);
const char* name_of(SyncState::State state);

}  // namespace larder
