// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/base/anchored_clock.h"
#include "conf/settings.h"
#include "daemon/fetch/follower.h"
#include "daemon/fetch/reference_walk.h"
#include "upstream/loop/mailbox.h"
#include "upstream/origin_loop.h"

namespace larder {

/// The feeds that these settings follow: one for each branch and alias of each scope with sync.
std::vector<FeedConfig> feeds_of(const Config& config);

/// All feeds that are followed. They have connections, queue and health of their own, so that none
/// takes a place of a visitor's, nor do hanging answers of the Sync API open the visitors' host. On
/// the fetch thread.
class Followers final : private FollowerOwner {
 public:
  /// Connections to one host, all feeds together.
  static constexpr unsigned kMaxConnections = 4;

  /// How the rest of larder is reached.
  struct Ways {
    std::function<void(PurgeCommand)> purge;
    /// Trouble of the host as visitors see it.
    std::function<std::optional<OriginError>(const std::string& host)> trouble;
    std::function<void(const FeedName& feed)> caught_up;  ///< once for each feed and start
    /// What versions of entries refer to, as it was asked for then. False = no more is to be
    /// learnt.
    std::function<bool(const FeedName&, std::vector<RawEntry>, MonotonicTime asked)> know;
  };

  /// `store` has the positions.
  Followers(uv_loop_t* loop, const AnchoredClock& clock, Store& store, const Config& config,
            Ways ways);
  ~Followers() override;  ///< ends all traffic; purges under way go on
  Followers(const Followers&) = delete;
  Followers& operator=(const Followers&) = delete;

  /// Feeds that stay go on from where they are.
  void use(const Config& config);
  std::vector<FeedSnapshot> snapshots() const;
  /// What the entries that the purge may select refer to is to be learnt anew: of these content
  /// types, "" = of all.
  void learn(const PurgeOrder& purge, const std::vector<std::string>& content_types);

  /// A purge is over.
  struct Purged {
    std::uint64_t feed = 0;
    PurgeResult result;
  };
  void on_mail(std::vector<Purged>& mail);  ///< Mailbox calls it

 private:
  WallTime wall() const override { return clock_.now(); }
  void purge(std::uint64_t number, PurgeOrder order) override;
  Seconds held_for_s(const std::string& host) override;
  void know(const FeedName& feed, std::vector<RawEntry> entries, MonotonicTime asked) override;
  void on_caught_up(const FeedName& feed) override;
  void on_due_changed() override { wait(); }
  static void on_due(uv_timer_t* timer) noexcept;
  void step();
  void wait();

  const AnchoredClock& clock_;
  Store& store_;
  const Ways ways_;
  OriginLoop origin_;
  bool learns_ = false;  ///< what entries refer to

  struct Feed {
    std::unique_ptr<Follower> follower;
    std::unique_ptr<ReferenceWalk> walk;
  };
  Feed feed_of(FeedConfig config);

  std::vector<Feed> feeds_;
  std::uint64_t next_number_ = 1;
  UvHandle<uv_timer_t> timer_;
  std::shared_ptr<Mailbox<Purged>> mailbox_;  ///< shared with purges under way on other threads
};

}  // namespace larder
