// SPDX-License-Identifier: Apache-2.0
#include "upstream/host_lanes.h"

#include <algorithm>
#include <numeric>

#include "conf/base/check.h"

namespace larder {
namespace {

constexpr std::array kAllLanes{Lane::preview, Lane::visitor, Lane::pass, Lane::refresh};

std::size_t places_of(Lane lane, const UpstreamConfig& config) {
  const unsigned all = config.max_connections_per_host;
  if (lane == Lane::refresh) return std::max(1u, all / 4);
  if (lane == Lane::pass) return std::max(1u, all / 2);
  return all;
}

}  // namespace

const char* name_of(Lane lane) {
  switch (lane) {
    case Lane::preview:
      return "preview";
    case Lane::visitor:
      return "visitor";
    case Lane::pass:
      return "pass";
    case Lane::refresh:
      return "refresh";
  }
  return "?";
}

bool HostLanes::has_place(Lane lane) const {
  return running() < config_.max_connections_per_host && running(lane) < places_of(lane, config_);
}

HostLanes::Entry HostLanes::enter(Ticket ticket, Lane lane, MonotonicTime now) {
  const bool someone_before = std::any_of(kAllLanes.begin(), kAllLanes.end(), [&](Lane other) {
    return other <= lane && !queue(other).empty() && has_place(other);
  });
  if (!someone_before && has_place(lane)) {
    ++running_[index(lane)];
    return Entry::starts;
  }
  if (queue(lane).size() >= config_.max_queue_per_host) return Entry::refused;
  queue(lane).push_back({ticket, now});
  return Entry::waits;
}

std::optional<HostLanes::Turn> HostLanes::next() {
  for (const Lane lane : kAllLanes) {
    if (queue(lane).empty() || !has_place(lane)) continue;
    const Turn turn{queue(lane).front().ticket, lane};
    queue(lane).pop_front();
    ++running_[index(lane)];
    return turn;
  }
  return std::nullopt;
}

void HostLanes::end(Lane lane) {
  LARDER_CHECK(running_[index(lane)] > 0);
  --running_[index(lane)];
}

void HostLanes::leave_queue(Ticket ticket, Lane lane) {
  std::erase_if(queue(lane), [&](const Waiting& waiting) { return waiting.ticket == ticket; });
}

bool HostLanes::promote(Ticket ticket, MonotonicTime now) {
  auto& refreshes = queue(Lane::refresh);
  const auto found = std::find_if(refreshes.begin(), refreshes.end(),
                                  [&](const Waiting& w) { return w.ticket == ticket; });
  if (found == refreshes.end()) return true;
  if (queue(Lane::visitor).size() >= config_.max_queue_per_host) return false;
  refreshes.erase(found);
  queue(Lane::visitor).push_back({ticket, now});
  return true;
}

void HostLanes::promote_running() {
  end(Lane::refresh);
  ++running_[index(Lane::visitor)];
}

std::vector<Ticket> HostLanes::take_overdue(MonotonicTime now) {
  std::vector<Ticket> overdue;
  for (const Lane lane : {Lane::preview, Lane::visitor, Lane::pass}) {
    auto& waiting = queue(lane);
    while (!waiting.empty() && now.ms - waiting.front().since.ms > config_.queue_wait_ms) {
      overdue.push_back(waiting.front().ticket);
      waiting.pop_front();
    }
  }
  return overdue;
}

std::size_t HostLanes::running() const {
  return std::accumulate(running_.begin(), running_.end(), std::size_t{0});
}

std::size_t HostLanes::queued() const {
  return std::accumulate(queues_.begin(), queues_.end(), std::size_t{0},
                         [](std::size_t sum, const Queue& queue) { return sum + queue.size(); });
}

}  // namespace larder
