// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/follower.h"

#include <algorithm>
#include <utility>

#include "cache/request/query_string.h"
#include "conf/base/log.h"
#include "conf/base/octets.h"
#include "conf/base/utc_text.h"

namespace larder {
namespace {

using What = SyncQuestion::What;

}  // namespace

std::string query_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_octet(c, kUnreserved)) {
      out.push_back(c);
    } else {
      append_percent(out, static_cast<unsigned char>(c));
    }
  }
  return out;
}

OriginRequest feed_request(const FeedConfig& feed, CanonicalRequest question,
                           std::uint64_t number) {
  // The API ignores it, and the vendor's CDN takes it for another question.
  question.query += "&larder_poll=" + std::to_string(number);
  Scope scope;
  scope.delivery_host = feed.delivery_host;
  scope.api_key = feed.name.api_key;
  scope.environment = feed.name.environment;
  scope.branch = feed.name.branch;
  return delivery_request(question, scope, feed.token.reveal(), {feed.loop_line});
}

Follower::Follower(Transfers& transfers, FollowerOwner& owner, std::uint64_t number,
                   FeedConfig config, const std::optional<std::string>& position,
                   std::uint64_t seed, MonotonicTime now)
    : owner_(owner),
      number_(number),
      config_(std::move(config)),
      state_(config_.interval_ms, position, seed, now),
      fetch_(
          transfers, [this](std::string_view piece) { read(piece); },
          [this](const SyncReply& reply) { end(reply); }) {
  for (std::size_t i = 0; i < shown_.polls.size(); ++i) {
    shown_.polls[i].result = name_of(static_cast<SyncState::Result>(i));
  }
}

void Follower::use(FeedConfig config) {
  config_ = std::move(config);
  state_.set_interval(config_.interval_ms);
}

std::optional<MonotonicTime> Follower::due() const {
  if (state_.state() != SyncState::State::waiting) return std::nullopt;
  return state_.due();
}

OriginRequest Follower::request_for(const SyncQuestion& question) const {
  CanonicalRequest canonical;
  const bool activity = question.what == What::activity;
  canonical.path = activity ? "/v3/content_types" : "/v3/stacks/sync";
  if (activity) {
    canonical.query = "only_last_activity=true";
    if (question.skip > 0) canonical.query += "&skip=" + std::to_string(question.skip);
  } else if (question.what == What::init) {
    canonical.query = "init=true&start_from=" + query_encoded(utc_text(question.start_from));
  } else {
    canonical.query = question.what == What::page ? "pagination_token=" : "sync_token=";
    canonical.query += query_encoded(question.token);
  }
  return feed_request(config_, std::move(canonical), question.number);
}

void Follower::step(MonotonicTime now) {
  const auto question = state_.step(now, owner_.wall());
  if (!question) return;
  asked_ = now;
  page_.reset();
  activity_.reset();
  if (question->what == What::activity) {
    activity_.emplace();
  } else {
    page_.emplace();
  }
  if (const Seconds held_s = owner_.held_for_s(config_.delivery_host)) {
    return end({0, "the origin has asked to be left alone", held_s});
  }
  fetch_.start(request_for(*question), Lane::visitor);
}

void Follower::read(std::string_view piece) {
  if (page_) page_->feed(piece);
  if (activity_) activity_->feed(piece);
}

/// The question is over, answered or not.
void Follower::end(const SyncReply& reply) {
  const auto now = monotonic_now();
  if (activity_) {
    take(state_.on_answer(reply, reply.status != 0 ? activity_->finish() : std::nullopt, now));
  } else {
    auto page = reply.status != 0 ? page_->finish() : std::nullopt;
    if (page) owner_.know(config_.name, std::exchange(page->entries, {}), asked_);
    take(state_.on_answer(reply, std::move(page), now, owner_.wall()));
  }
  ++shown_.polls[static_cast<std::size_t>(state_.last_result())].count;
  settle(now);
}

void Follower::take(std::optional<SyncPurge> purge) {
  if (!purge) return;
  newest_ = purge->newest;
  PurgeOrder order;
  order.source = PurgeSource::sync;
  order.what = purge->all ? PurgeOrder::What::scope : PurgeOrder::What::change;
  order.api_key = config_.name.api_key;
  order.environment = config_.name.environment;
  order.branch = config_.name.branch;
  order.changes = std::move(purge->changes);
  order.happened = purge->happened;
  order.missed = purge->missed;
  order.changed = purge->newest;
  order.position = FeedPosition{"sync " + text_of(config_.name), std::move(purge->position)};
  owner_.purge(number_, std::move(order));
}

void Follower::on_purged(const PurgeResult& result, MonotonicTime now) {
  state_.on_purged(!result.error, now);
  if (!result.error) {
    if (!result.repeated) ++shown_.purges;
    if (newest_.ms > 0) shown_.lag_ms = std::max<std::int64_t>(0, owner_.wall().ms - newest_.ms);
  }
  settle(now);
}

void Follower::settle(MonotonicTime now) {
  tell(now);
  owner_.on_due_changed();
  if (caught_up_ || !state_.complete_at()) return;
  caught_up_ = true;
  owner_.on_caught_up(config_.name);
}

/// The first failure and the end of failures, at most one of them a minute.
void Follower::tell(MonotonicTime now) {
  const bool fails = state_.failures() > 0;
  const bool may_say = !said_ || now.ms - said_->ms >= kSayPauseMs;
  if (fails == in_trouble_ || (fails && !may_say)) return;
  in_trouble_ = fails;
  if (fails) said_ = now;
  const std::string feed = text_of(config_.name);
  if (fails) {
    log(LogLevel::warning, "sync",
        feed + " cannot be followed: " + state_.trouble() + "; what changes stays until its " +
            "lifetime is over, or a webhook tells");
  } else {
    log(LogLevel::info, "sync", feed + " is followed again");
  }
}

FeedSnapshot Follower::snapshot() const {
  FeedSnapshot shown = shown_;
  shown.name = config_.name;
  shown.state = name_of(state_.state());
  shown.complete_at = state_.complete_at();
  shown.trouble = state_.trouble();
  return shown;
}

}  // namespace larder
