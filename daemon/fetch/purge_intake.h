// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cache/store/store.h"
#include "conf/config.h"
#include "daemon/events/applied_events.h"
#include "daemon/fetch/published_times.h"
#include "daemon/orders/orders.h"
#include "daemon/watch/purge_log.h"

namespace larder {

/// What becomes of a purge before it is one: what was applied before is taken out of it, and by
/// `purge.mode` more is added. On the fetch thread, which every purge passes.
class PurgeIntake {
 public:
  /// Both outlive this.
  PurgeIntake(Store& store, PurgeLog& log) : store_(store), log_(log) {}

  /// True = nothing is to be purged, and the command is seen to: a dry run, or an order of which
  /// nothing is left (the position that it carries is kept all the same).
  bool take(PurgeCommand& command, const PurgeConfig& config, WallTime now);
  /// What the purges tell besides.
  const PublishedTimes& published() const { return published_; }
  /// The settings have changed.
  void forget() { applied_ = std::make_shared<AppliedEvents>(); }

 private:
  static constexpr std::size_t kMostPublished = 16'384;

  bool take_out_repeated(PurgeCommand& command);
  void finish_repeated(PurgeCommand& command);

  Store& store_;
  PurgeLog& log_;
  PublishedTimes published_{kMostPublished};
  /// Shared with purges under way: what they still remember after forget() is gone with the old
  /// one.
  std::shared_ptr<AppliedEvents> applied_ = std::make_shared<AppliedEvents>();
};

}  // namespace larder
