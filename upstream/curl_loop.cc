// SPDX-License-Identifier: Apache-2.0
#include "upstream/curl_loop.h"

#include <algorithm>

#include "conf/base/check.h"
#include "conf/base/clock.h"
#include "conf/base/log.h"
#include "upstream/curl_library.h"

namespace larder {
namespace {

/// Deadlines are checked this often, so they hold to within a quarter of a second.
constexpr std::uint64_t kSweepMs = 250;

}  // namespace

CurlLoop::CurlLoop(uv_loop_t* loop, UpstreamConfig config)
    : bounds_(std::move(config)),
      config_(std::make_shared<const UpstreamConfig>(bounds_)),
      sockets_(loop, bounds_.allow_private_addresses, this,
               [](void* self, curl_socket_t socket, int flags) {
                 static_cast<CurlLoop*>(self)->act(socket, flags);
               }),
      multi_(curl_multi_init()),
      share_(curl_share_init()),
      timeout_(make_timer(loop, this)),
      sweep_(make_timer(loop, this)),
      news_(make_timer(loop, this)) {
  LARDER_CHECK(multi_ != nullptr && share_ != nullptr);
  // TLS sessions outlive the easy handle that they came with. One thread, so no locks.
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer_wish);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  // Never two requests at once on a connection: libcurl 7.88 shares the connections of a whole host
  // once any answer says `HTTP/2.0`, HTTP/1.1 ones too, and answers then reach the wrong requests.
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  bound_connections();
  uv_timer_start(sweep_.get(), on_sweep, kSweepMs, kSweepMs);
  uv_unref(reinterpret_cast<uv_handle_t*>(sweep_.get()));
}

CurlLoop::~CurlLoop() {
  while (!transfers_.empty()) abandon(transfers_.begin()->second.get());
  // May still call on_socket() and on_timer_wish(), so it comes before the members' end.
  curl_multi_cleanup(multi_);
  idle_easies_.clear();
  curl_share_cleanup(share_);
}

void CurlLoop::bound_connections() {
  const auto most = static_cast<long>(bounds_.max_connections_per_host);
  curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, most);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, most);
}

void CurlLoop::use(UpstreamConfig config) {
  if (config == bounds_) return;
  bounds_ = std::move(config);
  config_ = std::make_shared<const UpstreamConfig>(bounds_);
  idle_easies_.clear();  // made by the old one
  sockets_.allow_private(bounds_.allow_private_addresses);
  bound_connections();
  wake_soon();  // there may be places for those who wait
}

Host& CurlLoop::host_of(const std::string& name) {
  const auto found = hosts_.find(name);
  if (found != hosts_.end()) return found->second;
  return hosts_.try_emplace(name, name, bounds_, monotonic_now()).first->second;
}

Transfer* CurlLoop::start(OriginRequest request, TransferSink* sink, Lane lane) {
  const Transfer::Place place{&host_of(request.host), lane, next_ticket_++};
  const auto entry = place.host->enter(place.ticket, lane, monotonic_now());
  if (entry == HostLanes::Entry::refused) return nullptr;
  auto& owned = transfers_[place.ticket];
  owned = std::make_unique<Transfer>(std::move(request), sink, config_, noted_, place);
  if (entry == HostLanes::Entry::starts) run(owned.get());
  return owned.get();
}

bool CurlLoop::promote(Transfer* transfer) {
  auto& place = transfer->place;
  if (place.lane != Lane::refresh) return true;
  auto& lanes = place.host->lanes();
  if (transfer->state() == Transfer::State::queued) {
    if (!lanes.promote(place.ticket, monotonic_now())) return false;
  } else if (transfer->easy() != nullptr) {
    lanes.promote_running();
  }
  place.lane = Lane::visitor;
  wake_soon();  // there may be a place for it, or for the refresh behind it
  return true;
}

void CurlLoop::run(Transfer* transfer) {
  EasyHandle easy;
  if (idle_easies_.empty() || transfer->config() != config_) {
    easy = make_easy(*transfer->config());
    curl_easy_setopt(easy.get(), CURLOPT_SHARE, share_);
  } else {
    easy = std::move(idle_easies_.back());
    idle_easies_.pop_back();
  }
  const auto now = monotonic_now();
  Host& host = *transfer->place.host;
  const bool strayed = sockets_.any_idle_has_bytes();
  for (Host* stray : sockets_.strayed()) distrust(*stray);
  const bool once = host.is_distrusted(now);
  transfer->start(std::move(easy), sockets_, now, strayed || once, once);
  ++started_;
  const auto code = curl_multi_add_handle(multi_, transfer->easy());
  if (code != CURLM_OK) {
    transfer->end(Error{Error::Code::io,
                        std::string("libcurl refused a transfer: ") + curl_multi_strerror(code)});
    wake_soon();
  }
}

void CurlLoop::distrust(Host& host) {
  if (!host.distrust(monotonic_now())) return;
  log(LogLevel::warning, "upstream",
      "origin " + host.name() +
          " breaks HTTP's framing: until it has not for 60 s, each request goes on a connection of "
          "its own");
}

/// Gives up its place, or its place in the queue.
void CurlLoop::detach(Transfer* transfer) {
  const auto& place = transfer->place;
  if (transfer->easy() == nullptr) return place.host->lanes().leave_queue(place.ticket, place.lane);
  curl_multi_remove_handle(multi_, transfer->easy());
  EasyHandle easy = transfer->take_easy();
  curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, nullptr);
  const bool may_serve_again = easy_handles_may_serve_again() && transfer->config() == config_;
  if (may_serve_again && idle_easies_.size() < bounds_.max_connections_per_host)
    idle_easies_.push_back(std::move(easy));
  place.host->lanes().end(place.lane);
}

void CurlLoop::abandon(Transfer* transfer) {
  detach(transfer);
  std::erase(noted_, transfer);
  std::replace(telling_.begin(), telling_.end(), transfer, static_cast<Transfer*>(nullptr));
  transfers_.erase(Ticket{transfer->place.ticket});
  wake_soon();  // its place may go to one that waits, but not from inside the caller's turn
}

void CurlLoop::resume(Transfer* transfer) {
  transfer->resume();
  wake_soon();
}

void CurlLoop::wake_soon() {
  if (news_) uv_timer_start(news_.get(), on_news, 0, 0);
}

void CurlLoop::fill_places(Host& host) {
  while (const auto turn = host.lanes().next()) run(transfers_.at(turn->ticket).get());
}

int CurlLoop::on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void*) noexcept {
  static_cast<CurlLoop*>(self)->sockets_.watch(easy, socket, what);
  return 0;
}

int CurlLoop::on_timer_wish(CURLM*, long timeout_ms, void* self) noexcept {
  auto& timer = static_cast<CurlLoop*>(self)->timeout_;
  if (!timer) return 0;
  if (timeout_ms < 0) {
    uv_timer_stop(timer.get());
  } else {
    uv_timer_start(timer.get(), on_timeout, static_cast<std::uint64_t>(timeout_ms), 0);
  }
  return 0;
}

void CurlLoop::on_timeout(uv_timer_t* timer) noexcept {
  static_cast<CurlLoop*>(timer->data)->act(CURL_SOCKET_TIMEOUT, 0);
}

void CurlLoop::on_sweep(uv_timer_t* timer) noexcept {
  static_cast<CurlLoop*>(timer->data)->sweep();
}

void CurlLoop::on_news(uv_timer_t* timer) noexcept {
  auto* self = static_cast<CurlLoop*>(timer->data);
  for (auto& [name, host] : self->hosts_) self->fill_places(host);
  self->collect();
  self->tell();
}

void CurlLoop::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, socket, events, &running);
  collect();
  tell();
}

void CurlLoop::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    Transfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    LARDER_CHECK(transfer != nullptr);
    sockets_.note_idle(transfer->idle_socket(), message->easy_handle, *transfer->place.host);
    transfer->end(message->data.result);
    if (transfer->odd()) distrust(*transfer->place.host);
  }
}

/// Sinks may start, abandon and resume transfers from here: what they note is told in a later
/// round.
void CurlLoop::tell() {
  if (!telling_.empty()) return;
  telling_.swap(noted_);
  for (std::size_t i = 0; i < telling_.size(); ++i) {
    Transfer* transfer = telling_[i];
    if (transfer == nullptr) continue;
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
  if (!noted_.empty()) wake_soon();
}

void CurlLoop::finish(Transfer* transfer) {
  const bool ran = transfer->easy() != nullptr;
  detach(transfer);
  Host& host = *transfer->place.host;
  if (ran) host.health().note_end(transfer->error(), transfer->status(), monotonic_now());
  std::erase(noted_, transfer);
  transfers_.erase(Ticket{transfer->place.ticket});
  fill_places(host);
}

void CurlLoop::sweep() {
  const auto now = monotonic_now();
  for (auto& [ticket, transfer] : transfers_) {
    if (auto error = transfer->overdue(now)) transfer->end(std::move(*error));
  }
  for (auto& [name, host] : hosts_) {
    for (const auto ticket : host.lanes().take_overdue(now)) {
      transfers_.at(ticket)->end(Error{
          Error::Code::full, "origin " + name + ": no free connection within upstream.queue_wait"});
    }
  }
  tell();
}

CurlLoop::Stats CurlLoop::stats() const {
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

std::vector<HostSnapshot> CurlLoop::hosts() const {
  std::vector<HostSnapshot> all;
  all.reserve(hosts_.size());
  for (const auto& [name, host] : hosts_) all.push_back(host.snapshot());
  return all;
}

}  // namespace larder
