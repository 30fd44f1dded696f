// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/sync_state.h"

#include <algorithm>
#include <array>
#include <utility>

#include "conf/base/check.h"

namespace larder {
namespace {

using What = SyncQuestion::What;

constexpr int kForgotten = 141;

/// legal[from][to]
constexpr std::array<std::array<bool, 3>, 3> kLegalMoves{{
    //              waiting asking committing
    /* waiting    */ {false, true, false},
    /* asking     */ {true, false, true},
    /* committing */ {true, false, false},
}};

std::uint64_t mix(std::uint64_t number) {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9u;
  number = (number ^ (number >> 27)) * 0x94d049bb133111ebu;
  return number ^ (number >> 31);
}

}  // namespace

const char* name_of(SyncState::Result result) {
  switch (result) {
    case SyncState::Result::unchanged:
      return "unchanged";
    case SyncState::Result::changed:
      return "changed";
    case SyncState::Result::failed:
      return "failed";
    case SyncState::Result::limited:
      return "limited";
    case SyncState::Result::forgotten:
      return "forgotten";
  }
  return "?";
}

const char* name_of(SyncState::State state) {
  switch (state) {
    case SyncState::State::waiting:
      return "waiting";
    case SyncState::State::asking:
      return "asking";
    case SyncState::State::committing:
      return "committing";
  }
  return "?";
}

SyncState::SyncState(Milliseconds interval_ms, const std::optional<std::string>& position,
                     std::uint64_t seed, MonotonicTime now)
    : interval_ms_(interval_ms), seed_(seed), due_(now) {
  if (position) cursor_ = parse_feed_cursor(*position);
  if (cursor_) explained_ = cursor_->explained;
  polls_ = kPollsForActivity - 1;
}

void SyncState::move_to(State next) {
  LARDER_CHECK(kLegalMoves[static_cast<std::size_t>(state_)][static_cast<std::size_t>(next)]);
  state_ = next;
}

std::optional<SyncQuestion> SyncState::step(MonotonicTime now, WallTime wall) {
  if (state_ != State::waiting || now < due_) return std::nullopt;
  SyncQuestion question;
  question.number = mix(seed_ + ++asked_);
  if (!cursor_) {
    question.what = has_baseline_ ? What::init : What::activity;
    question.start_from = WallTime{wall.ms - kMarginMs};
  } else if (cursor_->between) {
    question.what = What::page;
  } else {
    question.what = polls_ >= kPollsForActivity ? What::activity : What::poll;
  }
  if (cursor_) question.token = cursor_->token;
  if (question.what == What::activity) question.skip = activities_.types.size();
  question_ = question.what;
  move_to(State::asking);
  return question;
}

/// Doubles with each failure in a row; a quarter of it is left to chance.
Milliseconds SyncState::pause_ms(MonotonicTime now) const {
  const unsigned doublings = std::min(failures_, 16u);
  const Milliseconds whole = std::min<Milliseconds>(
      interval_ms_ << doublings, std::max<Milliseconds>(kMaxPauseMs, interval_ms_));
  const auto share =
      static_cast<Milliseconds>(mix(seed_ ^ static_cast<std::uint64_t>(now.ms)) % 256);
  return whole - whole / 4 * share / 256;
}

void SyncState::fail(Result result, std::string trouble, std::int64_t retry_after_s,
                     MonotonicTime now) {
  last_result_ = result;
  ++failures_;
  trouble_ = std::move(trouble);
  const Milliseconds asked_ms =
      std::clamp<std::int64_t>(retry_after_s, 0, kMaxPauseMs / 1'000) * 1'000;
  due_ = MonotonicTime{now.ms + std::max(pause_ms(now), asked_ms)};
  if (question_ == What::activity) {
    activities_ = {};
    has_looked_ = has_looked_ || ++failed_looks_ >= kLooks;
    polls_ = has_looked_ ? 0 : kPollsForActivity - 1;  // first what sync tells
  }
  move_to(State::waiting);
}

/// True = the answer is none that can be used.
bool SyncState::refuse(const SyncReply& reply, bool readable, std::int64_t error_code,
                       MonotonicTime now) {
  if (reply.status == 200 && readable) return false;
  const bool limited = reply.status == 429 || (reply.status == 0 && reply.retry_after_s > 0);
  std::string trouble = reply.trouble;
  if (reply.status != 0) {
    trouble = reply.status == 200 ? "the origin's answer is none of the API"
                                  : "the origin answered " + std::to_string(reply.status);
    if (error_code != 0) trouble += " (error " + std::to_string(error_code) + ")";
  }
  fail(limited ? Result::limited : Result::failed, std::move(trouble), reply.retry_after_s, now);
  return true;
}

/// All that the origin had to tell is purged.
void SyncState::settle(MonotonicTime now) {
  failures_ = 0;
  trouble_.clear();
  const bool looked = question_ == What::activity;
  const bool at_end = cursor_ && !cursor_->between;
  if (at_end && !looked) ++polls_;
  const bool looks_next = !has_looked_ && polls_ >= kPollsForActivity;
  due_ = MonotonicTime{looked || !at_end || looks_next ? now.ms : now.ms + interval_ms_};
  if (at_end && has_looked_ && (!looked || !complete_at_)) complete_at_ = now;
}

std::optional<SyncPurge> SyncState::commit(SyncPurge purge, FeedCursor next) {
  last_result_ = Result::changed;
  next.explained.clear();
  for (const auto& [uid, at] : explained_) {
    const bool has_room = next.explained.size() < FeedCursor::kMaxExplained;
    if (has_room && at > next.activity) next.explained[uid] = at;
  }
  purge.position = to_text(next);
  next_ = std::move(next);
  move_to(State::committing);
  return purge;
}

void SyncState::on_purged(bool durable, MonotonicTime now) {
  if (!durable) return fail(Result::failed, "the store did not take the purge", 0, now);
  cursor_ = std::move(next_);
  next_ = {};
  move_to(State::waiting);
  settle(now);
}

SyncPurge SyncState::purge_of(SyncPage& page, WallTime wall) {
  SyncPurge purge;
  purge.missed = question_ == What::init;
  purge.all = page.coarse || purge.missed;
  for (SyncEvent& event : page.events) {
    if (event.change.what == ContentChange::What::entry &&
        (explained_.size() < kMaxExplained || explained_.contains(event.change.content_type))) {
      WallTime& last = explained_[event.change.content_type];
      last = std::max(last, event.at);
    }
    if (event.at.ms > 0) {
      const WallTime at = std::min(event.at, wall);
      purge.happened = purge.happened.ms == 0 ? at : std::min(purge.happened, at);
      purge.newest = std::max(purge.newest, at);
    }
    if (!purge.all) purge.changes.push_back(std::move(event.change));
  }
  return purge;
}

std::optional<SyncPurge> SyncState::on_answer(const SyncReply& reply, std::optional<SyncPage> page,
                                              MonotonicTime now, WallTime wall) {
  LARDER_CHECK(state_ == State::asking && question_ != What::activity);
  const bool asked_by_token = question_ != What::init;
  if (asked_by_token && reply.status >= 400 && page && page->error_code == kForgotten &&
      !page->blames_credential) {
    cursor_.reset();
    has_baseline_ = false;
    suspects_.clear();
    fail(Result::forgotten, "the origin does not know the position any more (error 141)",
         reply.retry_after_s, now);
    return std::nullopt;
  }
  // A page that leads to itself would be asked for without end.
  const bool sound = page && page->lists_items &&
                     page->pagination_token.empty() != page->sync_token.empty() &&
                     !(question_ == What::page && page->pagination_token == cursor_->token);
  if (refuse(reply, sound, page ? page->error_code : 0, now)) return std::nullopt;
  FeedCursor next = cursor_ ? *cursor_ : baseline_;
  next.between = page->sync_token.empty();
  next.token = next.between ? page->pagination_token : page->sync_token;
  if (question_ != What::init && page->events.empty() && !page->coarse) {
    // Not worth a write: after a crash the older token tells nothing else.
    cursor_ = std::move(next);
    last_result_ = Result::unchanged;
    move_to(State::waiting);
    settle(now);
    if (cursor_->between) due_ = MonotonicTime{now.ms + interval_ms_};
    return std::nullopt;
  }
  return commit(purge_of(*page, wall), std::move(next));
}

/// What sync has reported since is no news.
bool SyncState::is_explained(const ActivityPage::Type& type) const {
  const auto found = explained_.find(type.uid);
  return found != explained_.end() && type.at.ms < found->second.ms + kSameMs;
}

/// What neither sync has reported nor the last look has seen is suspected: an entry may have been
/// published since the last poll. The next look is right behind the next poll.
void SyncState::add_edited(const ActivityPage& activity, SyncPurge& purge) {
  std::map<std::string, WallTime> suspects;
  for (const ActivityPage::Type& type : activity.types) {
    if (type.at <= cursor_->activity || is_explained(type)) continue;
    const auto before = suspects_.find(type.uid);
    if (before == suspects_.end() || is_explained({type.uid, before->second})) {
      suspects[type.uid] = type.at;
      continue;
    }
    purge.changes.push_back(
        {ContentChange::What::content_type, {}, type.uid, ContentChange::Action::unknown, {}});
    purge.happened = purge.newest.ms == 0 ? type.at : std::min(purge.happened, type.at);
    purge.newest = std::max(purge.newest, type.at);
  }
  suspects_ = std::move(suspects);
}

std::optional<SyncPurge> SyncState::take_activity(const ActivityPage& activity, MonotonicTime now) {
  FeedCursor next = cursor_ ? *cursor_ : FeedCursor{};
  next.shape = activity.followed ? 0 : activity.fingerprint;
  SyncPurge purge;
  if (cursor_) {
    purge.all = next.shape != cursor_->shape;
    add_edited(activity, purge);
    if (purge.all) purge.changes.clear();
  }
  if (suspects_.empty()) {
    for (const ActivityPage::Type& type : activity.types) {
      next.activity = std::max(next.activity, type.at);
    }
  }
  has_looked_ = has_looked_ || suspects_.empty();
  polls_ = suspects_.empty() ? 0 : kPollsForActivity - 1;
  if (purge.all || !purge.changes.empty()) return commit(std::move(purge), std::move(next));
  (cursor_ ? *cursor_ : baseline_) = next;
  has_baseline_ = true;
  last_result_ = Result::unchanged;
  move_to(State::waiting);
  settle(now);
  return std::nullopt;
}

std::optional<SyncPurge> SyncState::on_answer(const SyncReply& reply,
                                              std::optional<ActivityPage> activity,
                                              MonotonicTime now) {
  LARDER_CHECK(state_ == State::asking && question_ == What::activity);
  const bool refused = reply.status / 100 == 4 && reply.status != 429 && reply.status != 408;
  has_looked_ = has_looked_ || refused;  // sync goes on without
  if (refused) {
    if (!cursor_) baseline_ = {};
    has_baseline_ = true;
    polls_ = 0;
    activities_ = {};
    last_result_ = Result::failed;
    move_to(State::waiting);
    settle(now);
    return std::nullopt;
  }
  if (refuse(reply, activity.has_value(), 0, now)) return std::nullopt;
  const std::size_t came = activity->types.size();
  ActivityPage all = std::exchange(activities_, {});
  all.types.insert(all.types.end(), std::make_move_iterator(activity->types.begin()),
                   std::make_move_iterator(activity->types.end()));
  all.followed = all.followed && activity->followed && all.types.size() <= kMaxActivities;
  all.fingerprint = mix(all.fingerprint) ^ activity->fingerprint;
  if (came == kActivityPage && all.followed) {
    activities_ = std::move(all);
    last_result_ = Result::unchanged;
    move_to(State::waiting);
    due_ = now;
    return std::nullopt;
  }
  return take_activity(all, now);
}

}  // namespace larder
