// SPDX-License-Identifier: Apache-2.0
#include "upstream/host_lanes.h"

#include <algorithm>
#include <numeric>

#include "conf/base/check.h"

namespace larder {
namespace {

constexpr std::array kAllLanes{Lane::preview, Lane::visitor, Lane::pass, Lane::renewal,
                               Lane::refresh};

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
    case Lane::renewal:
      return "renewal";
    case Lane::refresh:
      return "refresh";
  }
  return "?";
}

bool HostLanes::has_place(Lane lane) const {
  return running() < config_.max_connections_per_host && running(lane) < places_of(lane, config_);
}

/// The place in the lane's queue of the first one whose stack has budget left.
std::optional<std::size_t> HostLanes::first_that_may(Lane lane, MonotonicTime now) {
  if (!has_place(lane)) return std::nullopt;
  const Queue& waiting = queue(lane);
  StackId spent = 0;  // mostly they are of one stack
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    const StackId stack = waiting[i].stack;
    if (stack != 0 && stack == spent) continue;
    if (budget_.wait_ms(stack, now) == 0) return i;
    spent = stack;
  }
  return std::nullopt;
}

HostLanes::Entry HostLanes::enter(Ticket ticket, Lane lane, MonotonicTime now, StackId stack) {
  const bool someone_before = std::any_of(kAllLanes.begin(), kAllLanes.end(), [&](Lane other) {
    return other <= lane && first_that_may(other, now);
  });
  if (!someone_before && has_place(lane) && budget_.wait_ms(stack, now) == 0) {
    budget_.take(stack, now);
    ++running_[index(lane)];
    return Entry::starts;
  }
  if (queue(lane).size() >= config_.max_queue_per_host) return Entry::refused;
  queue(lane).push_back({ticket, now, stack});
  return Entry::waits;
}

std::optional<HostLanes::Turn> HostLanes::next(MonotonicTime now) {
  for (const Lane lane : kAllLanes) {
    const auto first = first_that_may(lane, now);
    if (!first) continue;
    const auto place = queue(lane).begin() + static_cast<std::ptrdiff_t>(*first);
    const Turn turn{place->ticket, lane};
    budget_.take(place->stack, now);
    queue(lane).erase(place);
    ++running_[index(lane)];
    return turn;
  }
  return std::nullopt;
}

std::optional<Milliseconds> HostLanes::budget_wait_ms(MonotonicTime now) {
  std::optional<Milliseconds> least;
  StackId last = 0;
  for (const Lane lane : kAllLanes) {
    if (!has_place(lane)) continue;
    for (const Waiting& waiting : queue(lane)) {
      if (least && waiting.stack == last) continue;
      last = waiting.stack;
      const auto wait_ms = budget_.wait_ms(last, now);
      if (!least || wait_ms < *least) least = wait_ms;
    }
  }
  return least;
}

void HostLanes::end(Lane lane) {
  LARDER_CHECK(running_[index(lane)] > 0);
  --running_[index(lane)];
}

void HostLanes::leave_queue(Ticket ticket, Lane lane) {
  std::erase_if(queue(lane), [&](const Waiting& waiting) { return waiting.ticket == ticket; });
}

bool HostLanes::promote(Ticket ticket, Lane from, Lane to, MonotonicTime now) {
  auto& waiting = queue(from);
  const auto found = std::find_if(waiting.begin(), waiting.end(),
                                  [&](const Waiting& w) { return w.ticket == ticket; });
  if (found == waiting.end()) return true;
  if (queue(to).size() >= config_.max_queue_per_host) return false;
  queue(to).push_back({ticket, now, found->stack});
  waiting.erase(found);
  return true;
}

void HostLanes::promote_running(Lane from, Lane to) {
  end(from);
  ++running_[index(to)];
}

std::vector<Ticket> HostLanes::take_overdue(MonotonicTime now) {
  std::vector<Ticket> overdue;
  for (const Lane lane : {Lane::preview, Lane::visitor, Lane::pass, Lane::renewal}) {
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
