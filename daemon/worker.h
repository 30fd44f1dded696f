// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cache/body/held_bytes.h"
#include "conf/base/anchored_clock.h"
#include "conf/settings.h"
#include "daemon/client/dispatch.h"
#include "daemon/connection.h"
#include "daemon/fetch/fetch_thread.h"
#include "daemon/http1/answer_text.h"
#include "daemon/http1/listen.h"
#include "daemon/watch/access_log.h"
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
  std::atomic<unsigned> max_connections{0};
  std::atomic<unsigned> connections{0};
  FetchThread* origin = nullptr;  ///< set before the first worker starts
};

/// One event loop with its listening sockets and connections.
class Worker final : public AnswerOut {
 public:
  /// `sockets` are listening; the worker owns them from here on. `log` may be null.
  Worker(Shared& shared, std::vector<ListeningSocket> sockets, AccessRing* log);
  ~Worker() override;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start();  ///< its thread
  // On the origin thread:
  void send(AnswerEvent event) override;
  void take_sent() override { mailbox_.wake(); }
  // Thread-safe:
  void tell(const CredentialNote& note) { mailbox_.post(note); }
  /// From the worker's next turn on.
  void use(SettingsPtr settings) { mailbox_.post(std::move(settings)); }
  /// No new connections, `Connection: close` on all answers, end when the last has closed or after
  /// the drain timeout.
  void drain() { mailbox_.post(DrainNote{}); }
  void join();
  /// Drops all connections and joins; messages that come later are dropped, so that other threads
  /// may still hold the worker's address.
  void stop();
  const WorkerMetrics& metrics() const { return metrics_; }

  struct DrainNote {};
  struct StopNote {};
  using Mail = std::variant<AnswerEvent, CredentialNote, SettingsPtr, DrainNote, StopNote>;
  void on_mail(std::vector<Mail>& mail);

  // For its connections, on the loop:
  /// Of this turn: who needs them beyond it keeps settings().
  const Config& config() const { return settings_->config; }
  const SettingsPtr& settings() const { return settings_; }
  RequestParser& parser() { return parser_; }
  Dispatch& dispatch() { return dispatch_; }
  StoreReader& reader() { return reader_; }
  WorkerMetrics& counters() { return metrics_; }
  std::string& scratch() { return scratch_; }
  /// Answers that wait for the next one of the same pipeline, while its connection parses; empty
  /// otherwise.
  std::string& gathered() { return gathered_; }
  /// Of this turn: libuv reads the clock once a turn, which no hit has to do again.
  MonotonicTime now() const { return {static_cast<std::int64_t>(uv_now(loop_.get()))}; }
  WallTime wall() const { return shared_.clock.at(now()); }
  std::string_view date();
  std::uint64_t add_waiter(Connection& connection);
  void remove_waiter(std::uint64_t waiter) { waiters_.erase(waiter); }
  void post_to_origin(FetchOrder order) { shared_.origin->post(std::move(order)); }
  /// Asks for a refresh of the last decision's object, at most once a second for each key.
  void refresh(const RequestView& request, const RequestFields& fields);
  /// Sees to room for more bytes that wait for clients: at the bound those who have waited longest
  /// are cut off. False = nobody is left to cut off.
  bool make_output_room(std::size_t bytes);
  Chunk hold_output(std::string bytes) { return shared_.held.hold_output(std::move(bytes)); }
  /// From here on the connection waits for its client; gives its place in the line.
  std::uint64_t begin_waiting(Connection& connection);
  void end_waiting(std::uint64_t place) { waiting_.erase(place); }
  void log_request(const AccessRecord& record);
  bool logs() const { return log_ != nullptr; }
  void on_connection_closed(Connection& connection);

 private:
  struct Listener;
  static void on_incoming(uv_stream_t* stream, int status) noexcept;
  static void on_turn_end(uv_prepare_t* handle) noexcept;
  static void on_turn_checked(uv_check_t* handle) noexcept;
  static void on_sweep(uv_timer_t* timer) noexcept;
  void accept(Listener& listener);
  void open_listeners(std::vector<ListeningSocket> sockets);
  void sweep();
  void take_settings(SettingsPtr settings);
  void begin_drain(bool gently);
  void end_if_drained();
  void run();

  Shared& shared_;
  SettingsPtr settings_;  ///< changes between turns only
  WorkerMetrics metrics_;
  UvLoop loop_;
  ReadBuffer read_buffer_;
  KnownHeaders known_headers_;
  RequestParser parser_;
  StoreReader reader_;
  RejectedSet rejected_;
  Dispatch dispatch_;
  DateText date_;
  WallTime date_wall_{};       ///< read from the system's clock
  MonotonicTime date_read_{};  ///< when
  std::string scratch_;
  std::string gathered_;
  AccessRing* log_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::unordered_map<std::uint64_t, Connection*> waiters_;
  std::uint64_t next_waiter_ = 1;
  std::map<std::uint64_t, Connection*>
      waiting_;  ///< for their clients to take bytes, longest first
  std::uint64_t next_place_ = 1;
  std::unordered_map<std::string, MonotonicTime> refreshes_;  ///< key -> when last asked for
  bool draining_ = false;
  MonotonicTime drain_until_{};
  UvHandle<uv_prepare_t> turn_end_;
  UvHandle<uv_check_t> turn_checked_;
  UvHandle<uv_timer_t> sweep_;
  Mailbox<Mail> mailbox_;
  std::thread thread_;
};

}  // namespace larder
