// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "conf/base/secret.h"
#include "daemon/events/activity_page.h"
#include "daemon/events/sync_page.h"
#include "daemon/fetch/page_fetch.h"
#include "daemon/fetch/sync_state.h"
#include "daemon/orders/orders.h"
#include "daemon/watch/feed_board.h"

namespace larder {

/// One feed as the settings want it.
struct FeedConfig {
  FeedName name;
  std::string delivery_host;  ///< base URL
  Secret token;               ///< goes to the origin, and nowhere else
  Milliseconds interval_ms = 0;
  std::string loop_line;  ///< `CDN-Loop: ...`
};

/// A question to the host of the feed, that no cache on the way answers: `number` is another one
/// each time.
OriginRequest feed_request(const FeedConfig& feed, CanonicalRequest question, std::uint64_t number);
/// As a value in a query.
std::string query_encoded(std::string_view text);

/// What a follower needs of whoever owns it. On the fetch thread.
class FollowerOwner {
 public:
  virtual ~FollowerOwner() = default;
  virtual WallTime wall() const = 0;
  /// Starts a purge; Follower::on_purged() of feed `number` follows.
  virtual void purge(std::uint64_t number, PurgeOrder order) = 0;
  /// When the host of visitors has asked to be left alone: for how long, else 0.
  virtual Seconds held_for_s(const std::string& host) = 0;
  /// What versions of entries refer to, as it was asked for then.
  virtual void know(const FeedName& feed, std::vector<RawEntry> entries, MonotonicTime asked) = 0;
  /// For the first time since the start all that the origin has to tell of it is purged.
  virtual void on_caught_up(const FeedName& feed) = 0;
  /// Follower::due() has changed.
  virtual void on_due_changed() = 0;
};

/// Follows one feed: asks, reads what comes piece by piece, and has it purged.
class Follower final {
 public:
  static constexpr std::int64_t kSayPauseMs = 60'000;

  Follower(Transfers& transfers, FollowerOwner& owner, std::uint64_t number, FeedConfig config,
           const std::optional<std::string>& position, std::uint64_t seed, MonotonicTime now);
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  std::uint64_t number() const { return number_; }
  const FeedConfig& config() const { return config_; }
  /// The same feed by other settings.
  void use(FeedConfig config);

  /// Asks what is due.
  void step(MonotonicTime now);
  /// When step() has something to do; nothing = something is awaited.
  std::optional<MonotonicTime> due() const;
  void on_purged(const PurgeResult& result, MonotonicTime now);

  /// FollowerOwner::on_caught_up() was called.
  bool is_caught_up() const { return caught_up_; }
  FeedSnapshot snapshot() const;

 private:
  void read(std::string_view piece);
  void end(const SyncReply& reply);
  void settle(MonotonicTime now);
  void take(std::optional<SyncPurge> purge);
  void tell(MonotonicTime now);
  OriginRequest request_for(const SyncQuestion& question) const;

  FollowerOwner& owner_;
  const std::uint64_t number_;
  FeedConfig config_;
  SyncState state_;
  PageFetch fetch_;
  MonotonicTime asked_;
  std::optional<SyncReading> page_;          ///< of the answer that is coming
  std::optional<ActivityReading> activity_;  ///< or this
  WallTime newest_;                          ///< of the events that are being purged
  bool caught_up_ = false;
  bool in_trouble_ = false;  ///< and the log says so
  std::optional<MonotonicTime> said_;
  FeedSnapshot shown_;  ///< counts
};

}  // namespace larder
