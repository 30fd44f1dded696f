// SPDX-License-Identifier: Apache-2.0
#include "upstream/host.h"

#include <utility>

namespace larder {

Host::Host(std::string name, const UpstreamConfig& config, MonotonicTime now)
    : name_(std::move(name)), lanes_(config), health_(config, now) {}

HostLanes::Entry Host::enter(Ticket ticket, Lane lane, MonotonicTime now, StackId stack) {
  const auto entry = lanes_.enter(ticket, lane, now, stack);
  if (entry == HostLanes::Entry::refused) {
    ++(lane == Lane::refresh ? refreshes_dropped_ : refused_);
  }
  return entry;
}

bool Host::distrust(MonotonicTime now) {
  const bool news = !is_distrusted(now);
  odd_at_ = now;
  return news;
}

bool Host::is_distrusted(MonotonicTime now) const {
  return odd_at_ && now.ms - odd_at_->ms < kDistrustMs;
}

HostSnapshot Host::snapshot() const {
  HostSnapshot snapshot;
  snapshot.name = name_;
  for (std::size_t i = 0; i < kLanes; ++i) {
    snapshot.running[i] = lanes_.running(static_cast<Lane>(i));
    snapshot.queued[i] = lanes_.queued(static_cast<Lane>(i));
  }
  snapshot.refused = refused_;
  snapshot.refreshes_dropped = refreshes_dropped_;
  snapshot.successes = health_.successes();
  snapshot.failures = health_.failures();
  snapshot.consecutive_failures = health_.consecutive_failures();
  snapshot.last_error = health_.last_error();
  snapshot.since = health_.since();
  snapshot.state = health_.state();
  snapshot.held_until = health_.held_until();
  snapshot.next_probe = health_.next_probe();
  snapshot.opened = health_.opened();
  for (std::size_t i = 0; i < kOriginCauses; ++i) {
    snapshot.failures_by[i] = health_.failures_by(static_cast<OriginCause>(i));
  }
  return snapshot;
}

}  // namespace larder
