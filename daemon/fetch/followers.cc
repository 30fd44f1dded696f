// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/followers.h"

#include <algorithm>
#include <random>
#include <utility>

#include "conf/base/log.h"
#include "conf/instance.h"

namespace larder {
namespace {

/// Of the visitors' settings, with few connections, and time to wait for one.
UpstreamConfig upstream_of(const Config& config) {
  UpstreamConfig upstream = config.upstream;
  upstream.max_connections_per_host =
      std::min(upstream.max_connections_per_host, Followers::kMaxConnections);
  upstream.max_queue_per_host = std::max(upstream.max_queue_per_host, 4'096u);  // one for each feed
  upstream.queue_wait_ms = std::max(upstream.queue_wait_ms, upstream.total_timeout_ms);
  return upstream;
}

std::uint64_t drawn() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

std::vector<FeedConfig> feeds_of(const Config& config) {
  std::vector<FeedConfig> feeds;
  for (const StackConfig& stack : config.stacks) {
    for (const ScopeConfig& scope : stack.scopes) {
      if (!scope.sync || scope.delivery_tokens.empty()) continue;
      for (const std::string& branch : scope.branches) {
        FeedName name{stack.api_key, scope.environment, branch};
        const bool known = std::any_of(feeds.begin(), feeds.end(),
                                       [&](const FeedConfig& one) { return one.name == name; });
        if (known) continue;
        feeds.push_back({std::move(name), stack.hosts.delivery, scope.delivery_tokens.front(),
                         scope.sync_interval_ms, "CDN-Loop: " + larder_name(config.server)});
      }
    }
  }
  return feeds;
}

Followers::Followers(uv_loop_t* loop, const AnchoredClock& clock, Store& store,
                     const Config& config, Ways ways)
    : clock_(clock),
      store_(store),
      ways_(std::move(ways)),
      origin_(loop, upstream_of(config), "sync"),
      timer_(make_timer(loop, this)),
      mailbox_(std::make_shared<Mailbox<Purged>>(loop, this)) {
  use(config);
}

Followers::~Followers() {
  mailbox_->close();
}

Followers::Feed Followers::feed_of(FeedConfig config) {
  FollowerOwner& owner = *this;
  const auto position = store_.feed_position("sync " + text_of(config.name));
  const auto know = [this, name = config.name](std::vector<RawEntry> entries, MonotonicTime asked) {
    return ways_.know(name, std::move(entries), asked);
  };
  const auto held_for_s = [this, host = config.delivery_host] { return this->held_for_s(host); };
  return {std::make_unique<Follower>(origin_, owner, next_number_++, std::move(config), position,
                                     drawn(), monotonic_now()),
          std::make_unique<ReferenceWalk>(
              origin_, drawn(), ReferenceWalk::Ways{know, held_for_s, [this] { wait(); }})};
}

void Followers::use(const Config& config) {
  learns_ = config.purge.known_entries > 0;
  origin_.use(upstream_of(config));
  std::vector<Feed> next;
  for (FeedConfig& feed : feeds_of(config)) {
    const auto same = std::find_if(feeds_.begin(), feeds_.end(), [&](const Feed& one) {
      return one.follower && one.follower->config().name == feed.name &&
             one.follower->config().delivery_host == feed.delivery_host;
    });
    if (same == feeds_.end()) {
      next.push_back(feed_of(std::move(feed)));
      continue;
    }
    same->follower->use(std::move(feed));
    next.push_back(std::move(*same));
  }
  feeds_ = std::move(next);
  wait();
}

std::vector<FeedSnapshot> Followers::snapshots() const {
  std::vector<FeedSnapshot> all;
  for (const Feed& feed : feeds_) {
    all.push_back(feed.follower->snapshot());
    all.back().learning = learns_ && (!feed.follower->is_caught_up() || feed.walk->is_under_way());
  }
  return all;
}

/// A feed that has not caught up yet has that before it.
void Followers::learn(const PurgeOrder& purge, const std::vector<std::string>& content_types) {
  for (const Feed& feed : feeds_) {
    const FeedName& name = feed.follower->config().name;
    const bool meant = purge.selects_scope(name.api_key, name.environment, name.branch);
    if (!learns_ || !meant || !feed.follower->is_caught_up()) continue;
    for (const std::string& content_type : content_types) feed.walk->want(content_type);
  }
  wait();
}

void Followers::on_mail(std::vector<Purged>& mail) {
  const auto now = monotonic_now();
  for (const Purged& purged : mail) {
    for (const Feed& feed : feeds_) {
      if (feed.follower->number() == purged.feed) feed.follower->on_purged(purged.result, now);
    }
  }
}

void Followers::know(const FeedName& feed, std::vector<RawEntry> entries, MonotonicTime asked) {
  ways_.know(feed, std::move(entries), asked);
}

void Followers::purge(std::uint64_t number, PurgeOrder order) {
  ways_.purge({std::move(order), [mailbox = mailbox_, number](PurgeResult result) {
                 mailbox->post({number, std::move(result)});
               }});
}

/// Only what the origin itself has asked for: whether it answers again, sync finds out by itself.
Seconds Followers::held_for_s(const std::string& host) {
  const auto trouble = ways_.trouble(host);
  if (!trouble || trouble->cause != OriginCause::rate_limited) return 0;
  return std::max<Seconds>(1, trouble->retry_after_s);
}

void Followers::on_caught_up(const FeedName& feed) {
  log(LogLevel::info, "sync", text_of(feed) + " is followed, and nothing is left that was missed");
  ways_.caught_up(feed);
  for (const Feed& one : feeds_) {
    if (learns_ && one.follower->config().name == feed) one.walk->want("");
  }
  wait();
}

void Followers::on_due(uv_timer_t* timer) noexcept {
  static_cast<Followers*>(timer->data)->step();
}

void Followers::step() {
  const auto now = monotonic_now();
  for (const Feed& feed : feeds_) {
    feed.follower->step(now);
    feed.walk->step(feed.follower->config(), now);
  }
  wait();
}

/// Until the first feed is due.
void Followers::wait() {
  std::optional<MonotonicTime> first;
  for (const Feed& feed : feeds_) {
    for (const auto due : {feed.follower->due(), feed.walk->due()}) {
      if (due && (!first || *due < *first)) first = due;
    }
  }
  if (!first) {
    uv_timer_stop(timer_.get());
    return;
  }
  const auto pause_ms = std::max<std::int64_t>(0, first->ms - monotonic_now().ms);
  uv_timer_start(timer_.get(), on_due, static_cast<std::uint64_t>(pause_ms), 0);
}

}  // namespace larder
