// SPDX-License-Identifier: Apache-2.0
#include "upstream/origin_loop.h"

#include <algorithm>
#include <utility>

#include "conf/base/check.h"
#include "conf/base/clock.h"
#include "conf/base/log.h"
#include "conf/base/octets.h"

namespace larder {
namespace {

/// Deadlines are checked this often, so they hold to within a quarter of a second.
constexpr std::uint64_t kSweepMs = 250;
constexpr std::size_t kReadBuffer = 64 * 1024;

bool media_type_is_html(std::string_view content_type) {
  const auto type = trim(content_type.substr(0, content_type.find(';')));
  return equals_ignoring_case(type, "text/html");
}

}  // namespace

OriginLoop::OriginLoop(uv_loop_t* loop, UpstreamConfig config, std::string_view component)
    : loop_(loop),
      component_(component),
      bounds_(std::move(config)),
      config_(std::make_shared<const UpstreamConfig>(bounds_)),
      book_(loop, [this](const std::string& name) { drop_moved(name); }),
      idle_(IdleConnections::Bounds(bounds_), [this](const std::string& base) { distrust(base); }),
      read_buffer_(kReadBuffer),
      sweep_(make_timer(loop, this)),
      news_(make_timer(loop, this)),
      budget_(make_timer(loop, this)) {
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
                        config.proxy != bounds_.proxy ||
                        config.allow_private_addresses != bounds_.allow_private_addresses;
  if (stricter) idle_.clear();
  bounds_ = std::move(config);
  config_ = std::make_shared<const UpstreamConfig>(bounds_);
  idle_.set_bounds(IdleConnections::Bounds(bounds_));
  wake_soon();  // there may be places for those who wait
}

Host& OriginLoop::host_of(const std::string& name) {
  const auto found = hosts_.find(name);
  if (found != hosts_.end()) return found->second;
  return hosts_.try_emplace(name, name, bounds_, monotonic_now()).first->second;
}

Started OriginLoop::start(OriginRequest request, TransferSink* sink, Lane lane) {
  const auto now = monotonic_now();
  Host& host = host_of(request.host);
  auto admission = host.health().admit(lane == Lane::refresh, now);
  if (admission.refused) return tl::unexpected(std::move(*admission.refused));
  // Behind refreshes that hang it would find out nothing.
  if (admission.probe && lane == Lane::refresh) lane = Lane::visitor;
  Transfer::Place place;
  place.host = &host;
  place.lane = lane;
  place.ticket = next_ticket_++;
  place.stack = request.stack;
  place.probe = admission.probe;
  place.entered = now;
  const auto entry = host.enter(place.ticket, lane, now, place.stack);
  if (entry == HostLanes::Entry::refused) {
    if (place.probe) host.health().note_probe_gone();
    return tl::unexpected(OriginError{OriginCause::overload,
                                      "too many requests wait (upstream.max_queue_per_host)", 1});
  }
  auto& owned = transfers_[place.ticket];
  owned = std::make_unique<Transfer>(std::move(request), sink, config_,
                                     static_cast<TransferSite&>(*this), place);
  Transfer* const transfer = owned.get();
  if (entry == HostLanes::Entry::starts) {
    run(transfer);
  } else {
    await_budget(host, now);
  }
  return transfer;
}

std::optional<OriginError> OriginLoop::trouble(const std::string& host, bool has_stale) {
  return host_of(host).health().trouble(has_stale, monotonic_now());
}

bool OriginLoop::promote(Transfer* transfer, Lane to) {
  auto& place = transfer->place;
  if (place.lane <= to) return true;
  auto& lanes = place.host->lanes();
  if (transfer->state() == Transfer::State::queued) {
    if (!lanes.promote(place.ticket, place.lane, to, monotonic_now())) return false;
  } else if (place.running) {
    lanes.promote_running(place.lane, to);
  }
  place.lane = to;
  wake_soon();  // there may be a place for it, or for the refresh behind it
  return true;
}

void OriginLoop::run(Transfer* transfer) {
  const auto now = monotonic_now();
  transfer->place.running = true;
  transfer->place.started = now;
  ++started_;
  auto kept = idle_.take(transfer->base(), now);
  // Connections in use need no addresses: a change would go unseen.
  if (kept && !kept->name().empty()) book_.refresh(kept->name(), config_->dns_cache_s);
  transfer->start(std::move(kept), now);
  if (!noted_.empty()) wake_soon();
}

std::unique_ptr<OriginConnection> OriginLoop::new_connection(
    const std::string& base, const std::shared_ptr<const UpstreamConfig>& config) {
  return std::make_unique<OriginConnection>(loop_, share_, book_, config, base, monotonic_now());
}

void OriginLoop::give_back(std::unique_ptr<OriginConnection> connection, bool clean) {
  const auto now = monotonic_now();
  const bool old = connection->config() != config_;
  // A proxy acknowledges what the origin has not got: a used tunnel proves nothing (transfer.cc).
  const bool tunnel = !connection->config()->proxy.url.empty();
  if (!clean || old || tunnel || host_of(connection->base()).is_distrusted(now)) return;
  if (!connection->name().empty() && !book_.holds(connection->name(), connection->peer())) return;
  idle_.keep(std::move(connection), now);
}

bool OriginLoop::is_well(const std::string& base) {
  return host_of(base).health().consecutive_failures() == 0;
}

/// Those in use end when they are given back.
void OriginLoop::drop_moved(const std::string& name) {
  idle_.drop_if([&](const OriginConnection& connection) {
    return connection.name() == name && !book_.holds(name, connection.peer());
  });
}

void OriginLoop::distrust(const std::string& base) {
  Host& host = host_of(base);
  idle_.drop(base);
  if (!host.distrust(monotonic_now())) return;
  log(LogLevel::warning, component_,
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
  if (transfer->place.probe) transfer->place.host->health().note_probe_gone();
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
  const auto now = monotonic_now();
  while (const auto turn = host.lanes().next(now)) run(transfers_.at(turn->ticket).get());
  await_budget(host, now);
}

void OriginLoop::await_budget(Host& host, MonotonicTime now) {
  if (bounds_.requests_per_second == 0 || !budget_) return;
  const auto wait_ms = host.lanes().budget_wait_ms(now);
  if (!wait_ms) return;
  const auto due_in_ms = static_cast<std::uint64_t>(std::max<Milliseconds>(1, *wait_ms));
  auto* const timer = budget_.get();
  const bool soon_enough = uv_is_active(reinterpret_cast<uv_handle_t*>(timer)) != 0 &&
                           uv_timer_get_due_in(timer) <= due_in_ms;
  if (!soon_enough) uv_timer_start(timer, on_news, due_in_ms, 0);
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
    auto& place = transfer->place;
    if (progress.head != nullptr || !progress.body.empty()) {
      const auto now = monotonic_now();
      place.host->health().note_byte(now);
      if (progress.head != nullptr) {
        place.head_after_ms = now.ms - place.started.ms;
        place.head_at = now;
        place.host->health().note_head(place.started, now);
      }
    }
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

void OriginLoop::note_phases(const Transfer::Place& place, MonotonicTime now) {
  const auto phases = phases_of({.entered = place.entered,
                                 .started = place.started,
                                 .connected = place.connected,
                                 .head = place.head_at,
                                 .ended = now});
  for (std::size_t i = 0; i < kTransferPhases; ++i) counts_.phase_ms[i] += phases[i];
}

void OriginLoop::finish(Transfer* transfer) {
  const auto now = monotonic_now();
  const auto place = transfer->place;
  TransferEnd end{
      .error = transfer->error(), .head_after_ms = place.head_after_ms, .probe = place.probe};
  if (const auto* facts = transfer->facts()) {
    end.status = facts->status;
    counts_.add_answer(end.status);
    end.html = media_type_is_html(facts->content_type);
    end.retry_after_s = facts->retry_after_s;
  }
  note_phases(place, now);
  leave_place(transfer);
  std::erase(noted_, transfer);
  transfers_.erase(Ticket{place.ticket});
  if (place.running) {
    const auto news = place.host->health().note_end(end, now);
    if (news.held || end.status == 429) {
      place.host->lanes().budget().refuse(place.stack, place.host->health().held_until(), now);
    }
    act_on(*place.host, news, now);
    if (news.closed) end_lost(*place.host, place.started);
  } else if (place.probe) {
    place.host->health().note_probe_gone();
  }
  fill_places(*place.host);
}

/// Says what there is to say of a host, and ends what is not to wait for it any more.
void OriginLoop::act_on(Host& host, const HostHealth::News& news, MonotonicTime now) {
  auto& report = host.report();
  if (news.failure) {
    const auto text = report.on_failure(host.name(), *news.failure, host.health(), now);
    if (text) log(LogLevel::warning, component_, *text);
  }
  if (news.well_after_ms) {
    const auto text = report.on_recovery(host.name(), *news.well_after_ms, news.failed_before);
    if (text) log(LogLevel::info, component_, *text);
  }
  if (news.opened || news.held) turn_away(host, news.opened, now);
}

/// Ends what waits for a place at the host, and, of what waits for a head, all but the oldest: that
/// one finds out whether the host is only slow.
void OriginLoop::turn_away(const Host& host, bool silent_too, MonotonicTime now) {
  Transfer* oldest = nullptr;
  std::vector<Transfer*> silent;
  for (auto& [ticket, owned] : transfers_) {
    Transfer* const transfer = owned.get();
    auto& place = transfer->place;
    if (place.host != &host) continue;
    if (transfer->state() == Transfer::State::queued) {
      place.host->lanes().leave_queue(place.ticket, place.lane);
      transfer->end(host.health().refusal(now));
    } else if (silent_too && transfer->is_silent()) {
      silent.push_back(transfer);
      if (oldest == nullptr || place.started < oldest->place.started) oldest = transfer;
    }
  }
  for (Transfer* const transfer : silent) {
    if (transfer != oldest) transfer->end(host.health().refusal(now));
  }
  if (!noted_.empty()) wake_soon();
}

/// The host answers again, a request that began at `answered`. What has waited since before belongs
/// to the outage: who still waits for it tries once more, and nobody joins it.
void OriginLoop::end_lost(const Host& host, MonotonicTime answered) {
  for (auto& [ticket, owned] : transfers_) {
    auto& place = owned->place;
    if (place.host != &host) continue;
    place.probe = false;  // another one found out before it; the next outage has probes of its own
    if (!owned->is_silent() || answered <= place.started) continue;
    owned->end(OriginError{OriginCause::host_open, "no answer, and a later request has one"});
  }
  if (!noted_.empty()) wake_soon();
}

/// A probe that outlasts its turn is one no more. Without a head it ends where a transfer has
/// waited longer, since `oldest`; else it stays and finds out whether the host is only slow.
void OriginLoop::end_probe_turn(const Host& host, std::optional<MonotonicTime> oldest) {
  for (auto& [ticket, owned] : transfers_) {
    auto& place = owned->place;
    if (place.host != &host || !std::exchange(place.probe, false)) continue;
    if (owned->is_silent() && oldest && *oldest < place.started) {
      owned->end(OriginError{OriginCause::timed_out, "no answer to a probe within a second"});
    }
  }
}

void OriginLoop::watch_silence(MonotonicTime now) {
  std::unordered_map<const Host*, std::vector<MonotonicTime>> silent;
  for (const auto& [ticket, transfer] : transfers_) {
    if (transfer->is_silent()) silent[transfer->place.host].push_back(transfer->place.started);
  }
  for (auto& [name, host] : hosts_) {
    const auto& since = silent[&host];
    const auto news = host.health().note_waiting(since, now);
    if (news.probe_turn_over) {
      const auto oldest = std::min_element(since.begin(), since.end());
      end_probe_turn(host, oldest == since.end() ? std::nullopt : std::optional(*oldest));
    }
    act_on(host, news, now);
  }
}

void OriginLoop::sweep() {
  const auto now = monotonic_now();
  for (auto& [ticket, transfer] : transfers_) {
    transfer->check_connection(now);
    if (auto error = transfer->overdue(now)) transfer->end(std::move(*error));
  }
  for (auto& [name, host] : hosts_) {
    for (const auto ticket : host.lanes().take_overdue(now)) {
      transfers_.at(ticket)->end(
          OriginError{OriginCause::overload, "no free connection within upstream.queue_wait", 1});
    }
  }
  watch_silence(now);
  idle_.sweep(now);
  tell();
}

OriginLoop::Stats OriginLoop::stats() const {
  Stats stats{.running = 0,
              .queued = 0,
              .started = started_,
              .failed = failed_,
              .refused = 0,
              .refreshes_dropped = 0,
              .ended = counts_};
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
