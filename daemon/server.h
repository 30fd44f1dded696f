// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/base/anchored_clock.h"
#include "conf/settings.h"
#include "daemon/admin/admin.h"
#include "daemon/bus/bus.h"
#include "daemon/drain.h"
#include "daemon/explain_desk.h"
#include "daemon/fetch/fetch_thread.h"
#include "daemon/listeners.h"
#include "daemon/reload.h"
#include "daemon/start_limits.h"
#include "daemon/tls/tls_desk.h"
#include "daemon/watch/access_log.h"
#include "daemon/watch/top_requests.h"
#include "daemon/watchdog.h"
#include "daemon/webhook/webhook_server.h"
#include "daemon/worker.h"

namespace larder {

/// The whole daemon: owns the store, the origin thread, the workers and the admin interface. Built
/// and ended on the main thread, whose loop serves signals and the admin interface.
class Server final : public WorkersOut {
 public:
  /// Throws StartupError. When it returns, all listeners accept.
  /// `config_file`: what SIGHUP reads again; empty = none.
  Server(SettingsPtr settings, std::string config_file);
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Runs until SIGTERM, SIGINT or SIGQUIT, then drains.
  void run();

  /// `{"version":…,"pid":…,"mode":…,"config":…,"cache":{…},"listeners":[{"address":…,"role":…}],
  /// "admin":[…],"webhook":[…]}`: with the ports that were chosen.
  std::string ready_json() const;
  std::string status_json() const;

  void on_mail(std::vector<Reload>& taken);  ///< its mailbox: every thread has taken these over

 private:
  void tell_all(const CredentialNote& note) override;
  void open_workers();
  void prepare_purges();
  void open_admin();
  void open_webhook();
  void open_bus();
  void purge(PurgeOrder order, std::function<void(PurgeResult)> done);
  void start_workers();
  void start_watchdog();
  void end_threads();
  std::vector<const WorkerMetrics*> worker_metrics() const;
  static void on_signal(uv_signal_t* signal, int number) noexcept;
  static void on_clock(uv_timer_t* timer) noexcept;
  static void on_drain_tick(uv_timer_t* timer) noexcept;
  void on_signal(int number);
  void begin_drain(const std::string& why);
  void pass_to_threads(Reload reload);
  std::string drain_as_told();
  void step_drain();
  void reload(std::function<void()> done = {});
  void reopen_logs();
  void take_samples();
  void apply(Reload reload);
  void settle(Reload reload);
  LogStatuses log_statuses() const;
  const char* mode() const;       ///< as JSON
  std::string latencies() const;  ///< as JSON
  void watch_signal(int number);

  const Config& config() const { return settings_->config; }

  SettingsPtr settings_;  ///< the latest, not yet taken over by every thread
  const std::string config_file_;
  Reloader reloader_;
  const MonotonicTime started_;
  const WallTime started_wall_;
  const SystemLimits system_;
  const unsigned worker_count_;
  AnchoredClock clock_;
  CacheDirectory directory_;  ///< the store's once that is made
  InstallSecret secret_;
  KeyHasher hasher_;
  HeldBytes held_;
  std::unique_ptr<Store> store_;
  TlsDesk tls_;
  Listeners listeners_;
  OriginMetrics origin_metrics_;
  std::unique_ptr<AccessLog> access_log_;
  std::unique_ptr<Shared> shared_;
  std::unique_ptr<FetchThread> origin_;
  std::unique_ptr<Bus> bus_;                               ///< null = off
  std::optional<TopRequests> top_;                         ///< nothing = off
  std::vector<std::unique_ptr<SampleRing>> sample_rings_;  ///< by worker
  std::vector<std::unique_ptr<Worker>> workers_;
  ExplainDesk explain_desk_;
  UvLoop loop_;
  std::unique_ptr<AdminServer> admin_;
  std::unique_ptr<WebhookServer> webhook_;
  std::shared_ptr<Mailbox<Reload>> taken_;  ///< shared with changes under way on other threads
  std::vector<UvHandle<uv_signal_t>> signals_;
  UvHandle<uv_timer_t> clock_timer_;
  UvHandle<uv_timer_t> drain_timer_;
  std::unique_ptr<Watchdog> watchdog_;  ///< null = the service manager wants none
  Drain drain_;
};

}  // namespace larder
