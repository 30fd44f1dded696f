// SPDX-License-Identifier: Apache-2.0
#include "upstream/origin_loop.h"

#include <algorithm>
#include <utility>

#include "conf/base/check.h"
#include "conf/base/clock.h"
#include "conf/base/log.h"

namespace larder {
namespace {

/// Deadlines are checked this often, so they hold to within a quarter of a second.
constexpr std::uint64_t kSweepMs = 250;
constexpr std::size_t kReadBuffer = 64 * 1024;

}  // namespace

OriginLoop::OriginLoop(uv_loop_t* loop, UpstreamConfig config)
    : loop_(loop),
      bounds_(std::move(config)),
      config_(std::make_shared<const UpstreamConfig>(bounds_)),
      idle_(bounds_.max_connections_per_host, [this](const std::string& base) { distrust(base); }),
      read_buffer_(kReadBuffer),
      sweep_(make_timer(loop, this)),
      news_(make_timer(loop, this)) {
  uv_timer_start(sweep_.get(), on_sweep, kSweepMs, kSweepMs);
  uv_unref(reinterpret_cast<uv_handle_t*>(sweep_.get()));
}

OriginLoop::~OriginLoop() {
  while (!transfers_.empty()) abandon(transfers_.begin()->second.get());
}

void OriginLoop::use(UpstreamConfig config) {
  if (config == bounds_) return;
  // A connection that the operator would not have made any more is used no more.
  const bool stricter = config.ca_file != bounds_.ca_file ||
                        config.allow_plain_http != bounds_.allow_plain_http ||
                        config.allow_private_addresses != bounds_.allow_private_addresses;
  if (stricter) idle_.clear();
  bounds_ = std::move(config);
  config_ = std::make_shared<const UpstreamConfig>(bounds_);
  idle_.set_max(bounds_.max_connections_per_host);
  wake_soon();  // there may be places for those who wait
}

Host& OriginLoop::host_of(const std::string& name) {
  const auto found = hosts_.find(name);
  if (found != hosts_.end()) return found->second;
  return hosts_.try_emplace(name, name, bounds_, monotonic_now()).first->second;
}

Started OriginLoop::start(OriginRequest request, TransferSink* sink, Lane lane) {
  const Transfer::Place place{&host_of(request.host), lane, next_ticket_++};
  const auto entry = place.host->enter(place.ticket, lane, monotonic_now());
  if (entry == HostLanes::Entry::refused) {
    return tl::unexpected(OriginError{OriginCause::overload,
                                      "too many requests wait (upstream.max_queue_per_host)", 1});
  }
  auto& owned = transfers_[place.ticket];
  owned = std::make_unique<Transfer>(std::move(request), sink, config_,
                                     static_cast<TransferSite&>(*this), place);
  Transfer* const transfer = owned.get();
  if (entry == HostLanes::Entry::starts) run(transfer);
  return transfer;
}

bool OriginLoop::promote(Transfer* transfer) {
  auto& place = transfer->place;
  if (place.lane != Lane::refresh) return true;
  auto& lanes = place.host->lanes();
  if (transfer->state() == Transfer::State::queued) {
    if (!lanes.promote(place.ticket, monotonic_now())) return false;
  } else if (place.running) {
    lanes.promote_running();
  }
  place.lane = Lane::visitor;
  wake_soon();  // there may be a place for it, or for the refresh behind it
  return true;
}

void OriginLoop::run(Transfer* transfer) {
  const auto now = monotonic_now();
  transfer->place.running = true;
  ++started_;
  transfer->start(idle_.take(transfer->base()), now);
  if (!noted_.empty()) wake_soon();
}

std::unique_ptr<OriginConnection> OriginLoop::new_connection(
    const std::string& base, const std::shared_ptr<const UpstreamConfig>& config) {
  return std::make_unique<OriginConnection>(loop_, share_, config, base, monotonic_now());
}

void OriginLoop::give_back(std::unique_ptr<OriginConnection> connection, bool clean) {
  const auto now = monotonic_now();
  const bool old = connection->config() != config_;
  if (!clean || old || host_of(connection->base()).is_distrusted(now)) return;
  idle_.keep(std::move(connection), now);
}

void OriginLoop::distrust(const std::string& base) {
  Host& host = host_of(base);
  idle_.drop(base);
  if (!host.distrust(monotonic_now())) return;
  log(LogLevel::warning, "upstream",
      "origin " + base +
          " breaks HTTP's framing: until it has not for 60 s, each request goes on a connection of "
          "its own");
}

void OriginLoop::note(Transfer& transfer) {
  if (std::exchange(transfer.noted, true)) return;
  noted_.push_back(&transfer);
}

/// Gives up its place, or its place in the queue.
void OriginLoop::leave_place(Transfer* transfer) {
  auto& place = transfer->place;
  if (place.running) {
    place.host->lanes().end(place.lane);
  } else {
    place.host->lanes().leave_queue(place.ticket, place.lane);
  }
}

void OriginLoop::abandon(Transfer* transfer) {
  leave_place(transfer);
  std::erase(noted_, transfer);
  std::replace(telling_.begin(), telling_.end(), transfer, static_cast<Transfer*>(nullptr));
  transfers_.erase(Ticket{transfer->place.ticket});
  wake_soon();  // its place may go to one that waits, but not from inside the caller's turn
}

void OriginLoop::resume(Transfer* transfer) {
  transfer->resume();
  wake_soon();
}

void OriginLoop::wake_soon() {
  if (news_) uv_timer_start(news_.get(), on_news, 0, 0);
}

void OriginLoop::fill_places(Host& host) {
  while (const auto turn = host.lanes().next()) run(transfers_.at(turn->ticket).get());
}

void OriginLoop::on_sweep(uv_timer_t* timer) noexcept {
  static_cast<OriginLoop*>(timer->data)->sweep();
}

void OriginLoop::on_news(uv_timer_t* timer) noexcept {
  auto* self = static_cast<OriginLoop*>(timer->data);
  for (auto& [name, host] : self->hosts_) self->fill_places(host);
  self->tell();
}

/// Sinks may start, abandon and resume transfers from here: what they note is told in a later
/// round.
void OriginLoop::tell() {
  if (is_telling_) return;
  is_telling_ = true;
  telling_.swap(noted_);
  for (std::size_t i = 0; i < telling_.size(); ++i) {
    Transfer* transfer = telling_[i];
    if (transfer == nullptr) continue;
    transfer->noted = false;
    TransferProgress progress = transfer->take_progress();
    const bool ended = progress.ended;
    if (ended && progress.error) ++failed_;
    transfer->sink->on_progress(std::move(progress));
    if (telling_[i] == nullptr) continue;
    if (ended) {
      finish(transfer);
    } else if (transfer->may_go_on()) {
      resume(transfer);
    }
  }
  telling_.clear();
  is_telling_ = false;
  if (!noted_.empty()) wake_soon();
}

void OriginLoop::finish(Transfer* transfer) {
  Host& host = *transfer->place.host;
  leave_place(transfer);
  if (transfer->place.running)
    host.health().note_end(transfer->error(), transfer->status(), monotonic_now());
  std::erase(noted_, transfer);
  transfers_.erase(Ticket{transfer->place.ticket});
  fill_places(host);
}

void OriginLoop::sweep() {
  const auto now = monotonic_now();
  for (auto& [ticket, transfer] : transfers_) {
    if (auto error = transfer->overdue(now)) transfer->end(std::move(*error));
  }
  for (auto& [name, host] : hosts_) {
    for (const auto ticket : host.lanes().take_overdue(now)) {
      transfers_.at(ticket)->end(
          OriginError{OriginCause::overload, "no free connection within upstream.queue_wait", 1});
    }
  }
  idle_.sweep(now);
  tell();
}

OriginLoop::Stats OriginLoop::stats() const {
  Stats stats{.running = 0,
              .queued = 0,
              .started = started_,
              .failed = failed_,
              .refused = 0,
              .refreshes_dropped = 0};
  for (const auto& [name, host] : hosts_) {
    stats.running += host.lanes().running();
    stats.queued += host.lanes().queued();
    stats.refused += host.refused();
    stats.refreshes_dropped += host.refreshes_dropped();
  }
  return stats;
}

std::vector<HostSnapshot> OriginLoop::hosts() const {
  std::vector<HostSnapshot> all;
  all.reserve(hosts_.size());
  for (const auto& [name, host] : hosts_) all.push_back(host.snapshot());
  return all;
}

}  // namespace larder
