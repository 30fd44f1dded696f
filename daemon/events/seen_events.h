// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <unordered_set>

#include "conf/base/clock.h"
#include "conf/config.h"
#include "daemon/events/digest.h"

namespace larder {

/// The events of the last while, by the digests of their bodies, so that one that comes again
/// purges nothing again. Where there are too many the oldest are forgotten: those would only cost
/// misses. Pure: the time is given.
class SeenEvents {
 public:
  enum class Verdict { fresh, seen, too_old, too_far_ahead };

  explicit SeenEvents(std::size_t most = 16'384) : most_(most) {}

  /// `triggered`: when the event happened; 0 = it does not say. `window` as in WebhookConfig.
  Verdict judge(const Sha256& body, WallTime triggered, WallTime now, Seconds window);
  /// Its purge is durable.
  void remember(const Sha256& body, WallTime now, Seconds window);
  std::size_t size() const { return known_.size(); }

 private:
  struct Event {
    Sha256 body;
    WallTime until;
  };
  void forget(WallTime now);

  const std::size_t most_;
  std::unordered_set<Sha256, Sha256Hash> known_;
  std::deque<Event> order_;  ///< the oldest first
};

}  // namespace larder
