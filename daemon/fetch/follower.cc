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

std::string encoded(std::string_view text) {
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

}  // namespace

Follower::Follower(Transfers& transfers, FollowerOwner& owner, std::uint64_t number,
                   FeedConfig config, const std::optional<std::string>& position,
                   std::uint64_t seed, MonotonicTime now)
    : transfers_(transfers),
      owner_(owner),
      number_(number),
      config_(std::move(config)),
      state_(config_.interval_ms, position, seed, now) {
  for (std::size_t i = 0; i < shown_.polls.size(); ++i) {
    shown_.polls[i].result = name_of(static_cast<SyncState::Result>(i));
  }
}

Follower::~Follower() {
  if (transfer_ != nullptr) transfers_.abandon(transfer_);
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
    canonical.query = "init=true&start_from=" + encoded(utc_text(question.start_from));
  } else {
    canonical.query = question.what == What::page ? "pagination_token=" : "sync_token=";
    canonical.query += encoded(question.token);
  }
  // The API ignores it, and the vendor's CDN takes it for another question.
  canonical.query += "&larder_poll=" + std::to_string(question.number);
  Scope scope;
  scope.delivery_host = config_.delivery_host;
  scope.api_key = config_.name.api_key;
  scope.environment = config_.name.environment;
  scope.branch = config_.name.branch;
  return delivery_request(canonical, scope, config_.token.reveal(), {config_.loop_line});
}

void Follower::step(MonotonicTime now) {
  const auto question = state_.step(now, owner_.wall());
  if (!question) return;
  page_.reset();
  activity_.reset();
  status_ = 0;
  retry_after_s_ = 0;
  if (question->what == What::activity) {
    activity_.emplace();
  } else {
    page_.emplace();
  }
  if (const Seconds held_s = owner_.held_for_s(config_.delivery_host)) {
    return end({0, "the origin has asked to be left alone", held_s});
  }
  const auto started = transfers_.start(request_for(*question), this, Lane::visitor);
  if (!started) {
    return end({0, started.error().context, started.error().retry_after_s});
  }
  transfer_ = *started;
}

void Follower::on_progress(TransferProgress progress) {
  if (progress.head != nullptr) {
    status_ = progress.head->status;
    retry_after_s_ = progress.head->retry_after_s.value_or(0);
  }
  if (page_) page_->feed(progress.body);
  if (activity_) activity_->feed(progress.body);
  if (!progress.ended) return;
  transfer_ = nullptr;  // the loop ends it after this call
  if (progress.error) {
    const Seconds retry_s = progress.error->retry_after_s;
    return end({0, std::move(progress.error->context), retry_s});
  }
  if (!progress.framed) return end({0, "the origin's answer has no proven end", 0});
  end({status_, "", retry_after_s_});
}

/// The question is over, answered or not.
void Follower::end(const SyncReply& reply) {
  const auto now = monotonic_now();
  if (activity_) {
    take(state_.on_answer(reply, reply.status != 0 ? activity_->finish() : std::nullopt, now));
  } else {
    take(state_.on_answer(reply, reply.status != 0 ? page_->finish() : std::nullopt, now,
                          owner_.wall()));
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
