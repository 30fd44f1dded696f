// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/seen_events.h"

namespace larder {

SeenEvents::Verdict SeenEvents::judge(const Sha256& body, WallTime triggered, WallTime now,
                                      Seconds window) {
  forget(now);
  // A retry of what was done is acknowledged whenever it comes.
  if (known_.contains(body)) return Verdict::seen;
  if (triggered.ms == 0) return Verdict::fresh;
  if (triggered.ms < now.ms - window * 1'000) return Verdict::too_old;
  if (triggered.ms > now.ms + window * 1'000) return Verdict::too_far_ahead;
  return Verdict::fresh;
}

/// For two windows: the event may have come from one window ahead.
void SeenEvents::remember(const Sha256& body, WallTime now, Seconds window) {
  if (!known_.insert(body).second) return;
  order_.push_back({body, {now.ms + 2 * window * 1'000}});
  if (order_.size() <= most_) return;
  known_.erase(order_.front().body);
  order_.pop_front();
}

void SeenEvents::forget(WallTime now) {
  while (!order_.empty() && order_.front().until < now) {
    known_.erase(order_.front().body);
    order_.pop_front();
  }
}

}  // namespace larder
