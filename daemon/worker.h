// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cache/body/held_bytes.h"
#include "conf/base/anchored_clock.h"
#include "conf/settings.h"
#include "daemon/client/client_host.h"
#include "daemon/client/http1_connection.h"
#include "daemon/client/planner.h"
#include "daemon/client/rejected_set.h"
#include "daemon/fetch/fetch_thread.h"
#include "daemon/http1/answer_text.h"
#include "daemon/http1/listen.h"
#include "daemon/tls/tls_context.h"
#include "daemon/tls/tls_handshakes.h"
#include "daemon/watch/access_log.h"
#include "daemon/watch/access_sampler.h"
#include "daemon/watch/loop_pulse.h"
#include "daemon/watch/metrics.h"
#include "upstream/loop/mailbox.h"

namespace larder {

/// What all workers share; outlives them. Const but for the atomics.
struct Shared {
  const SettingsPtr settings;  ///< of the start: each worker holds those that it works by
  const InstallSecret& secret;
  const KeyHasher& hasher;
  const AnchoredClock& clock;
  Store& store;
  const HeldBytes& held;
  const TlsContextsPtr tls;    ///< of the start
  const unsigned workers = 1;  ///< how many there are
  HandshakeReport handshake_report{};
  std::atomic<unsigned> max_connections{0};
  std::atomic<unsigned> connections{0};
  FetchThread* origin = nullptr;  ///< set before the first worker starts
};

/// One event loop with its listening sockets and connections.
class Worker final : public AnswerOut, private ClientHost, private TlsHandshakeHost {
 public:
  /// `sockets` are listening; the worker owns them from here on. `log` and `samples` may be null.
  Worker(Shared& shared, std::vector<ListeningSocket> sockets, AccessRing* log,
         SampleRing* samples);
  ~Worker() override;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start();  ///< its thread
  // On the fetch thread:
  void send(AnswerEvent event) override;
  void take_sent() override { mailbox_.wake(); }
  // Thread-safe:
  void tell(const CredentialNote& note) { mailbox_.post(note); }
  /// `look` runs on the worker's thread, soon; not at all once that ends.
  void look(std::function<void(const DecisionRing&)> look) {
    mailbox_.post(DecisionsNote{std::move(look)});
  }
  /// From the worker's next turn on.
  void use(SettingsChange change) { mailbox_.post(std::move(change)); }
  /// Handshakes that begin from then on are made by these.
  void use(TlsContextsPtr contexts) { mailbox_.post(std::move(contexts)); }
  /// `Connection: close` on all answers from here on; new connections are taken on.
  void drain() { mailbox_.post(DrainNote{}); }
  /// No new connections; ends when the last has closed, or is cut off at `until`.
  void leave(MonotonicTime until) { mailbox_.post(LeaveNote{until}); }
  /// Draining, and nothing is under way that takes long.
  bool is_settled() const { return settled_.load(); }
  bool is_gone() const { return gone_.load(); }  ///< its thread is at its end
  void join();
  /// Drops all connections and joins; messages that come later are dropped, so that other threads
  /// may still hold the worker's address.
  void stop();
  const WorkerMetrics& metrics() const { return metrics_; }
  /// Memory of the last decisions; it does not change.
  std::size_t decision_bytes() { return decisions().bytes(); }
  LoopPulse& pulse() { return pulse_; }

  struct DecisionsNote {
    std::function<void(const DecisionRing&)> look;
  };
  struct DrainNote {};
  struct LeaveNote {
    MonotonicTime until;
  };
  struct StopNote {};
  using Mail = std::variant<AnswerEvent, CredentialNote, SettingsChange, TlsContextsPtr,
                            DecisionsNote, DrainNote, LeaveNote, StopNote>;
  void on_mail(std::vector<Mail>& mail);

 private:
  struct Listener;
  static void on_incoming(uv_stream_t* stream, int status) noexcept;
  static void on_turn_end(uv_prepare_t* handle) noexcept;
  static void on_turn_checked(uv_check_t* handle) noexcept;
  static void on_put_off(uv_idle_t* handle) noexcept;
  static void on_sweep(uv_timer_t* timer) noexcept;

  // ClientHost
  const ServerConfig& server() const override { return config().server; }
  const UpstreamConfig& upstream() const override { return config().upstream; }
  Time read_time() const override;
  std::string_view date() override;
  Waiter add_waiter(AnswerTaker& taker) override;
  void remove_waiter(std::uint64_t waiter) override { waiters_.erase(waiter); }
  void post(FetchOrder order) override { shared_.origin->post(std::move(order)); }
  void refresh(const RequestView& request, const Plan& plan) override;
  Chunk hold_output(std::string bytes) override {
    return shared_.held.hold_output(std::move(bytes));
  }
  HeldBytes::OutputCharge charge_output(std::size_t bytes) override {
    return shared_.held.charge_output(bytes);
  }
  std::uint64_t begin_waiting(OutputHolder& holder) override;
  void end_waiting(std::uint64_t place) override { waiting_.erase(place); }
  bool make_output_room(std::size_t bytes) override;
  bool logs() const override { return log_ != nullptr; }
  double access_share(bool is_error) override {
    return logs() ? sampler_.take(config().log.access_sample, is_error) : 0;
  }
  void log_request(const AccessRecord& record) override;
  bool samples() const override { return samples_ != nullptr && samples_->has_room(); }
  void sample_request(const RequestSample& sample) override { samples_->push(sample); }
  void on_connection_closed(Http1Connection& connection) override;
  // TlsHandshakeHost
  void on_secured(std::unique_ptr<Transport> transport, ListenerConfig::Role role) override;
  void on_handshake_closed() override;

  const Config& config() const { return settings_->config; }  ///< of this turn
  void accept(Listener& listener);
  void open_listeners(std::vector<ListeningSocket> sockets);
  void sweep();
  void begin_turn();
  void go_on_with_put_off();
  void take_settings(SettingsPtr settings);
  void take_contexts(const TlsContexts& contexts);
  void begin_drain();
  void begin_leaving(MonotonicTime until);
  void close_all();
  void note_settled();
  void end_slow_leaving();
  void end_if_left();
  void run();

  Shared& shared_;
  SettingsPtr settings_;  ///< changes between turns only
  WorkerMetrics metrics_;
  UvLoop loop_;
  ReadBuffer read_buffer_;
  RequestMemo memo_;
  RequestParser parser_;
  StoreReader reader_;
  RejectedSet rejected_;
  Planner planner_;
  DateText date_;
  WallTime date_wall_{};                 ///< read from the system's clock
  MonotonicTime date_read_{};            ///< when
  mutable std::uint64_t loop_read_ = 0;  ///< libuv's time, when `time_read_` was read
  mutable Time time_read_{};
  AccessRing* log_;
  AccessSampler sampler_;
  SampleRing* samples_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  bool accepts_put_off_ = false;  ///< at one of them or more
  TlsHandshakes handshakes_;
  std::unordered_map<Http1Connection*, std::unique_ptr<Http1Connection>> connections_;
  std::unordered_map<std::uint64_t, AnswerTaker*> waiters_;
  std::uint64_t next_waiter_ = 1;
  std::map<std::uint64_t, OutputHolder*>
      waiting_;  ///< for their clients to take bytes, longest first
  std::uint64_t next_place_ = 1;
  std::unordered_map<std::string, MonotonicTime> refreshes_;  ///< key -> when last asked for
  bool sweeping_ = false;                                     ///< goes on in the next turn
  enum class Phase : std::uint8_t { serving, draining, leaving };
  Phase phase_ = Phase::serving;
  MonotonicTime phase_since_{};
  MonotonicTime leave_until_{};
  std::atomic<bool> settled_{false};
  std::atomic<bool> gone_{false};
  UvHandle<uv_prepare_t> turn_end_;
  UvHandle<uv_check_t> turn_checked_;
  UvHandle<uv_idle_t> put_off_;  ///< active while anything is put off
  UvHandle<uv_timer_t> sweep_;
  Mailbox<Mail> mailbox_;
  LoopPulse pulse_;
  std::thread thread_;
};

}  // namespace larder
