// SPDX-License-Identifier: Apache-2.0
#include "daemon/worker.h"

#include <algorithm>
#include <random>
#include <utility>

#include "conf/base/check.h"
#include "conf/base/log.h"
#include "conf/base/thread_role.h"

namespace larder {
namespace {

constexpr std::uint64_t kSweepMs = 500;
constexpr std::uint64_t kDrainSweepMs = 20;
/// So long listeners stay open, and connections that were idle may still ask.
constexpr std::int64_t kDrainGraceMs = 600;
/// For what is young when the listeners close, and for clients to close after their last answer.
constexpr std::int64_t kLeaveMs = 1'000;
constexpr std::int64_t kLastLingerMs = 200;
/// For clients that come while the listeners are to close.
constexpr std::int64_t kLastAcceptsMs = 100;
constexpr std::size_t kReadBuffer = 64 * 1024;
constexpr std::int64_t kRefreshPauseMs = 1'000;
constexpr std::size_t kMaxRefreshes =
    4'096;  // keys remembered; beyond it all may be asked for anew

std::uint64_t random_number() {
  std::random_device source;
  return std::uint64_t{source()} << 32 | source();
}

std::size_t decisions_of_each(const Settings& settings, std::size_t workers) {
  return (settings.config.log.decisions + workers - 1) / workers;
}

}  // namespace

struct Worker::Listener {
  Worker* worker = nullptr;
  ListenerConfig config;
  std::shared_ptr<const TlsContext> tls;  ///< null = plain HTTP
  UvHandle<uv_tcp_t> tcp;
  UvHandle<uv_pipe_t> pipe;
  bool put_off = false;  ///< somebody is to be accepted in a later turn
  bool came = false;     ///< somebody, in this turn's polling
};

Worker::Worker(Shared& shared, std::vector<ListeningSocket> sockets, AccessRing* log,
               SampleRing* samples)
    : ClientHost(parser_, planner_, reader_, metrics_,
                 DecisionRing(decisions_of_each(*shared.settings, shared.workers))),
      shared_(shared),
      settings_(shared.settings),
      read_buffer_(kReadBuffer),
      memo_(settings_),
      parser_(settings_->config.server, &memo_),
      reader_(shared.store.reader()),
      planner_(settings_, shared.secret, shared.hasher, reader_, rejected_, memo_),
      log_(log),
      sampler_(random_number()),
      samples_(samples),
      handshakes_(*this, turn(), shared.held, metrics_.tls, shared.handshake_report),
      turn_end_(make_handle<uv_prepare_t>(loop_.get(), this, uv_prepare_init)),
      turn_checked_(make_handle<uv_check_t>(loop_.get(), this, uv_check_init)),
      put_off_(make_handle<uv_idle_t>(loop_.get(), this, uv_idle_init)),
      sweep_(make_timer(loop_.get(), this)),
      mailbox_(loop_.get(), this),
      pulse_(loop_.get()) {
  announce_idle_timeout(config().server.idle_timeout_ms);
  count_ids_from(random_number());
  open_listeners(std::move(sockets));
  // The snapshot ends with the turn: before the loop may block, and again right after polling.
  uv_prepare_start(turn_end_.get(), on_turn_end);
  uv_check_start(turn_checked_.get(), on_turn_checked);
  uv_timer_start(sweep_.get(), on_sweep, kSweepMs, kSweepMs);
}

Worker::~Worker() {
  stop();
}

void Worker::send(AnswerEvent event) {
  mailbox_.post_quietly(std::move(event));
  shared_.origin->note_sent(*this);
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  mailbox_.post(StopNote{});
  thread_.join();
}

void Worker::start() {
  thread_ = std::thread([this] { run(); });
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::run() {
  begin_thread("worker", Urgency::prompt);
  loop_.run();  // until end_if_left() has closed everything
  gone_.store(true);
}

void Worker::open_listeners(std::vector<ListeningSocket> sockets) {
  for (auto& socket : sockets) {
    auto listener = std::make_unique<Listener>();
    listener->worker = this;
    listener->config = socket.listener();
    listener->tls = shared_.tls->of(listener->config);
    LARDER_CHECK(listener->config.tls.empty() == (listener->tls == nullptr));
    uv_stream_t* stream = nullptr;
    if (socket.listener().address.family == ListenAddress::Family::tcp) {
      listener->tcp = make_handle<uv_tcp_t>(loop_.get(), listener.get(), uv_tcp_init);
      LARDER_CHECK(uv_tcp_open(listener->tcp.get(), socket.release()) == 0);
      stream = reinterpret_cast<uv_stream_t*>(listener->tcp.get());
    } else {
      const auto init = [](uv_loop_t* loop, uv_pipe_t* pipe) {
        return uv_pipe_init(loop, pipe, 0);
      };
      listener->pipe = make_handle<uv_pipe_t>(loop_.get(), listener.get(), init);
      LARDER_CHECK(uv_pipe_open(listener->pipe.get(), socket.release()) == 0);
      stream = reinterpret_cast<uv_stream_t*>(listener->pipe.get());
    }
    LARDER_CHECK(uv_listen(stream, 1024, on_incoming) == 0);
    listeners_.push_back(std::move(listener));
  }
}

void Worker::on_incoming(uv_stream_t* stream, int status) noexcept {
  auto* listener = static_cast<Listener*>(stream->data);
  if (status != 0) return;
  listener->came = true;
  // libuv asks for no further one until this one is taken.
  Worker* self = listener->worker;
  if (!self->turn().is_spent()) return self->accept(*listener);
  listener->put_off = true;
  self->accepts_put_off_ = true;
}

/// At the bound a client is accepted and cut off: left in the backlog it would wait for nothing,
/// and the bound is far below the descriptors' own.
void Worker::accept(Listener& listener) {
  auto* stream = listener.tcp ? reinterpret_cast<uv_stream_t*>(listener.tcp.get())
                              : reinterpret_cast<uv_stream_t*>(listener.pipe.get());
  auto transport = accept_stream(stream, read_buffer_);
  if (!transport) return;
  turn().spend(TurnLine::kConnectionBytes);
  if (shared_.connections.fetch_add(1, std::memory_order_relaxed) >=
      shared_.max_connections.load(std::memory_order_relaxed)) {
    shared_.connections.fetch_sub(1, std::memory_order_relaxed);
    metrics_.connections_refused.add();
    transport.release()->reset();  // has no user: deletes itself
    return;
  }
  metrics_.connections_accepted.add();
  metrics_.connections_open.add();
  const auto role = listener.config.role;
  if (!listener.tls) return on_secured(std::move(transport), role);
  handshakes_.begin(std::move(transport), listener.tls, role, config().tls.max_handshakes);
}

/// Nothing is to be secured any more: HTTP begins.
void Worker::on_secured(std::unique_ptr<Transport> transport, ListenerConfig::Role role) {
  ClientHost& host = *this;
  auto owned = std::make_unique<Http1Connection>(host, std::move(transport), role);
  Http1Connection* connection = owned.get();
  connections_.emplace(connection, std::move(owned));
  connection->start();
  if (phase_ != Phase::serving) connection->drain();
}

void Worker::on_handshake_closed() {
  shared_.connections.fetch_sub(1, std::memory_order_relaxed);
  metrics_.connections_open.sub();
  end_if_left();
}

void Worker::on_connection_closed(Http1Connection& connection) {
  shared_.connections.fetch_sub(1, std::memory_order_relaxed);
  metrics_.connections_open.sub();
  const auto given_back = connection.cut_bytes();
  connections_.erase(&connection);
  shared_.held.end_leaving(given_back);
  if (phase_ == Phase::draining && connections_.empty()) note_settled();
  end_if_left();
}

void Worker::on_turn_end(uv_prepare_t* handle) noexcept {
  static_cast<Worker*>(handle->data)->begin_turn();
}

/// Right after polling: what had connected before is taken, so that closing loses the fewest. From
/// 1.45 on libuv takes one client in each polling.
void Worker::on_turn_checked(uv_check_t* handle) noexcept {
  auto* self = static_cast<Worker*>(handle->data);
  self->begin_turn();
  if (self->phase_ != Phase::leaving) return;
  const bool in_time = self->now().ms - self->phase_since_.ms < kLastAcceptsMs;
  std::erase_if(self->listeners_, [&](const auto& listener) {
    const bool came = std::exchange(listener->came, false);
    return !listener->put_off && !(came && in_time);
  });
  self->end_if_left();
}

/// Twice a round of the loop: what poll() brings has bytes of its own, and so has what was put off,
/// so that neither keeps the other waiting.
void Worker::begin_turn() {
  reader_.end_turn();
  turn().begin_turn();
  forget_time();
  const bool closes_listeners = phase_ == Phase::leaving && !listeners_.empty();
  const bool put_off = accepts_put_off_ || sweeping_ || closes_listeners || !turn().is_empty();
  if (put_off && put_off_) uv_idle_start(put_off_.get(), on_put_off);
}

void Worker::on_put_off(uv_idle_t* handle) noexcept {
  uv_idle_stop(handle);  // begin_turn() starts it again
  static_cast<Worker*>(handle->data)->go_on_with_put_off();
}

/// New clients first, one for each listener: else those in line, who may come back for ever, keep
/// them out.
void Worker::go_on_with_put_off() {
  accepts_put_off_ = false;
  for (auto& listener : listeners_) {
    if (std::exchange(listener->put_off, false)) accept(*listener);
  }
  if (sweeping_) sweep();
  turn().run();
}

void Worker::on_sweep(uv_timer_t* timer) noexcept {
  static_cast<Worker*>(timer->data)->sweep();
}

void Worker::sweep() {
  const auto at = now();
  sweeping_ = false;
  for (auto& [connection, owned] : connections_) {
    sweeping_ = turn().is_spent();
    if (sweeping_) break;
    connection->check_deadline(at);
  }
  handshakes_.sweep(at, config().tls.handshake_timeout_ms);
  make_output_room(0);
  if (phase_ == Phase::draining) note_settled();
  if (phase_ == Phase::leaving) end_slow_leaving();
}

void Worker::on_mail(std::vector<Mail>& mail) {
  for (auto& message : mail) {
    if (auto* event = std::get_if<AnswerEvent>(&message)) {
      const auto found = waiters_.find(event->waiter);
      if (found != waiters_.end()) found->second->on_answer(std::move(*event));
    } else if (const auto* note = std::get_if<CredentialNote>(&message)) {
      rejected_.note(note->credential, note->rejected);
    } else if (auto* change = std::get_if<SettingsChange>(&message)) {
      take_settings(std::move(change->settings));
    } else if (const auto* contexts = std::get_if<TlsContextsPtr>(&message)) {
      take_contexts(**contexts);
    } else if (const auto* decisions = std::get_if<DecisionsNote>(&message)) {
      decisions->look(this->decisions());
    } else if (std::holds_alternative<DrainNote>(message)) {
      begin_drain();
    } else if (const auto* leave = std::get_if<LeaveNote>(&message)) {
      begin_leaving(leave->until);
    } else {
      begin_leaving(now());
      close_all();
    }
  }
}

/// No request is being read or answered on the stack: messages are taken between such calls.
void Worker::take_settings(SettingsPtr settings) {
  settings_ = std::move(settings);
  parser_.set_bounds(config().server);
  announce_idle_timeout(config().server.idle_timeout_ms);
  planner_.use(settings_);
}

void Worker::take_contexts(const TlsContexts& contexts) {
  for (const auto& listener : listeners_) listener->tls = contexts.of(listener->config);
}

void Worker::begin_drain() {
  if (phase_ != Phase::serving) return;
  phase_ = Phase::draining;
  phase_since_ = now();
  for (auto& [connection, owned] : connections_) connection->drain();
  uv_timer_start(sweep_.get(), on_sweep, kDrainSweepMs, kDrainSweepMs);
  note_settled();
}

/// A client that is young is no reason to keep the port open: others come all the time.
void Worker::note_settled() {
  const auto at = now();
  bool settled = connections_.empty();
  if (!settled && at.ms - phase_since_.ms >= kDrainGraceMs) {
    settled = std::none_of(connections_.begin(), connections_.end(),
                           [&](const auto& entry) { return entry.first->is_slow(at); });
  }
  settled_.store(settled);
}

/// The listeners close at the end of this turn's polling.
void Worker::begin_leaving(MonotonicTime until) {
  if (phase_ == Phase::leaving) return;
  const bool cut = until <= now();
  phase_ = Phase::leaving;
  phase_since_ = now();
  leave_until_ = {std::max(until.ms, phase_since_.ms + kLeaveMs)};
  uv_timer_start(sweep_.get(), on_sweep, kDrainSweepMs, kDrainSweepMs);
  for (auto& [connection, owned] : connections_) {
    if (cut && connection->is_slow(phase_since_)) connection->close();
  }
}

void Worker::close_all() {
  listeners_.clear();
  handshakes_.close_all();
  for (auto& [connection, owned] : connections_) connection->close();
  end_if_left();
}

/// Clients that have their last answer, and do not close, are not waited for.
void Worker::end_slow_leaving() {
  const auto at = now();
  const bool young = handshakes_.under_way() > 0 && at.ms - phase_since_.ms < kLeaveMs;
  const bool all_end =
      !young && std::all_of(connections_.begin(), connections_.end(),
                            [](const auto& entry) { return entry.first->is_ending(); });
  if (at >= leave_until_ || (all_end && at.ms - phase_since_.ms >= kLastLingerMs)) close_all();
}

/// The last connection has gone: with these handles the loop ends.
void Worker::end_if_left() {
  if (phase_ != Phase::leaving || !listeners_.empty() || !connections_.empty() || !sweep_) return;
  if (!handshakes_.is_empty()) return;
  put_off_.reset();
  sweep_.reset();
  turn_end_.reset();
  turn_checked_.reset();
  mailbox_.close();
  pulse_.close();
  reader_.end_turn();
}

/// Once for each millisecond of the loop. libuv's own time stands still in a suspend.
ClientHost::Time Worker::read_time() const {
  const std::uint64_t loop = uv_now(loop_.get());
  if (loop != loop_read_) {
    loop_read_ = loop;
    const auto at = monotonic_now();
    time_read_ = {.now = at, .wall = shared_.clock.at(at)};
  }
  return time_read_;
}

std::string_view Worker::date() {
  constexpr std::int64_t kRereadMs = 100;
  if (date_wall_.ms == 0 || now().ms - date_read_.ms >= kRereadMs) {
    date_wall_ = wall_now();
    date_read_ = now();
  }
  return date_.at(date_wall_);
}

Waiter Worker::add_waiter(AnswerTaker& taker) {
  const auto number = next_waiter_++;
  waiters_.emplace(number, &taker);
  return {this, number};
}

void Worker::refresh(const RequestView& request, const Plan& plan) {
  const auto at = now();
  if (refreshes_.size() >= kMaxRefreshes) refreshes_.clear();
  auto& asked = refreshes_[std::string(plan.key.view())];
  if (asked.ms != 0 && at.ms - asked.ms < kRefreshPauseMs) return;
  asked = at;
  FillOrder order = fill_order_for(plan, request, Waiter{}, server(), upstream());
  carry_trace(order.unkeyed, upstream(), trace_of_client(request));
  post(std::move(order));
}

bool Worker::make_output_room(std::size_t bytes) {
  while (!shared_.held.output_will_have_room(bytes)) {
    if (waiting_.empty()) return false;
    OutputHolder& longest = *waiting_.begin()->second;
    longest.cut_off();
    shared_.held.begin_leaving(longest.cut_bytes());
    metrics_.output_cut.add();
  }
  return true;
}

std::uint64_t Worker::begin_waiting(OutputHolder& holder) {
  waiting_.emplace(next_place_, &holder);
  return next_place_++;
}

void Worker::log_request(const AccessRecord& record) {
  log_->push(record);
}

}  // namespace larder
