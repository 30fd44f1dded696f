// SPDX-License-Identifier: Apache-2.0
#include "daemon/server.h"

#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

#include "conf/base/json_text.h"
#include "conf/base/log.h"
#include "conf/base/log_writer.h"
#include "conf/base/redact.h"
#include "conf/base/utc_text.h"
#include "conf/config_redactor.h"
#include "conf/config_surroundings.h"
#include "daemon/second_signal.h"
#include "daemon/service_notify.h"
#include "daemon/status_json.h"
#include "daemon/watch/about.h"
#include "daemon/watch/process_memory.h"

namespace larder {
namespace {

constexpr std::uint64_t kClockMs = 1'000;
constexpr std::uint64_t kDrainTickMs = 5;
constexpr std::size_t kSamplesPerTick = 256;  ///< of each worker, in kClockMs

std::size_t max_scopes_of(const Config& config) {
  return config.open_mode() ? config.open.max_scopes : 4'096;
}

}  // namespace

Server::Server(SettingsPtr settings, std::string config_file)
    : settings_(std::move(settings)),
      config_file_(std::move(config_file)),
      reloader_(config_file_, settings_),
      started_(monotonic_now()),
      started_wall_(wall_now()),
      system_(checked_system(config())),
      worker_count_(workers_for(config().server, system_)),
      directory_(config().cache.path),
      secret_(load_install_secret(directory_.path())),
      hasher_(secret_),
      held_(config().cache.max_pending_bytes, config().server.max_output_bytes),
      store_(std::make_unique<Store>(std::move(directory_), config().cache, max_scopes_of(config()),
                                     hasher_, make_eviction(config().cache.eviction))),
      tls_(config()),
      listeners_(config(), worker_count_),
      explain_desk_(*store_, secret_, hasher_, workers_) {
  if (!config().log.access_log.empty())
    access_log_ = std::make_unique<AccessLog>(config().log, worker_count_);
  shared_.reset(
      new Shared{.settings = settings_,
                 .secret = secret_,
                 .hasher = hasher_,
                 .clock = clock_,
                 .store = *store_,
                 .held = held_,
                 .tls = tls_.contexts(),
                 .workers = worker_count_,
                 .max_connections = max_connections_for(config(), worker_count_, system_)});
  if (config().admin.top > 0) top_.emplace(config().admin.top);
  prepare_purges();
  open_workers();
  open_admin();
  open_webhook();
  for (const std::string& warning : warnings_of(config())) {
    log(LogLevel::warning, "server", warning);
  }
  taken_ = std::make_shared<Mailbox<Reload>>(loop_.get(), this);
  origin_ =
      std::make_unique<FetchThread>(settings_, clock_, *store_, *this, origin_metrics_, held_);
  shared_->origin = origin_.get();
  explain_desk_.set_fetch(*origin_);
  open_bus();
  for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1}) watch_signal(number);
  clock_timer_ = make_timer(loop_.get(), this);
  drain_timer_ = make_timer(loop_.get(), this);
  uv_timer_start(clock_timer_.get(), on_clock, kClockMs, kClockMs);
  start_workers();
}

/// Before any lookup.
void Server::prepare_purges() {
  store_->set_soft_for(config().purge.soft_for_ms);
  origin_metrics_.purges.keep(config().purge.events);
  std::vector<std::uint64_t> followed;
  for (const FeedConfig& feed : feeds_of(config())) followed.push_back(place_of(feed.name));
  const WallTime now = clock_.now();
  store_->doubt(followed, !config().bus.address.empty(), now,
                {now.ms + config().purge.unknown_for_ms});
}

Server::~Server() {
  leave_socket_files();
  end_threads();
  workers_.clear();  // with their store readers
  store_.reset();    // commits what is pending; its notes to the origin thread are dropped
}

void Server::start_workers() {
  try {
    for (auto& worker : workers_) worker->start();
  } catch (...) {
    end_threads();  // those that run hold what a failed start destroys
    throw;
  }
}

/// Threads whose work may wait for a pipe or another host by itself (logs, look-ups of names, the
/// bus) are not among them: a restart would not help.
void Server::start_watchdog() {
  const Milliseconds interval = watchdog_interval_ms();
  if (interval == 0) return;
  std::vector<Watchdog::Thread> threads;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    Worker* worker = workers_[i].get();
    const auto look = [worker] {
      return ThreadRounds::Sight{worker->pulse().answers(), worker->is_gone()};
    };
    threads.push_back({"worker " + std::to_string(i), [worker] { worker->pulse().ask(); }, look});
  }
  threads.push_back({"fetch", [this] { origin_->pulse().ask(); },
                     [this] { return ThreadRounds::Sight{origin_->pulse().answers()}; }});
  threads.push_back({"writer", [this] { store_->ask_writer(); },
                     [this] { return ThreadRounds::Sight{store_->writer_steps()}; }});
  watchdog_ = std::make_unique<Watchdog>(loop_.get(), interval, std::move(threads));
}

void Server::end_threads() {
  for (auto& worker : workers_) worker->stop();  // the origin thread may still speak to them
  if (bus_) bus_->stop();
  origin_->stop();
}

void Server::open_workers() {
  for (std::size_t i = 0; i < worker_count_; ++i) {
    AccessRing* ring = access_log_ ? &access_log_->ring(i) : nullptr;
    SampleRing* samples = nullptr;
    if (top_) {
      sample_rings_.push_back(std::make_unique<SampleRing>(kSamplesPerTick));
      samples = sample_rings_.back().get();
    }
    workers_.push_back(
        std::make_unique<Worker>(*shared_, listeners_.take_of_worker(i), ring, samples));
  }
}

void Server::open_admin() {
  AdminSources sources;
  sources.metrics = [this] {
    return prometheus_text(worker_metrics(), origin_metrics_, held_, store_->stats(),
                           log_statuses()) +
           tls_.metrics_text() + webhook_->metrics_text() + (bus_ ? bus_->metrics_text() : "") +
           about_text(settings_->generation, started_wall_);
  };
  sources.status = [this] { return status_json(); };
  sources.purge = [this](PurgeOrder order, std::function<void(PurgeResult)> done) {
    purge(std::move(order), std::move(done));
  };
  sources.list = [this](PurgeOrder order, std::function<void(UrlListing)> done) {
    store_->list(std::move(order), clock_.now(), std::move(done));
  };
  sources.heads = [this](PurgeOrder order, AdminSources::Listed done) {
    store_->list_heads(std::move(order), clock_.now(), std::move(done));
  };
  sources.objects = [this](ObjectQuestion question, AdminSources::Listed done) {
    store_->list(std::move(question), clock_.now(), std::move(done));
  };
  // From the survey's thread, while the store may be ending.
  sources.piece = [this, &store = *store_](const ListedObject& object, std::uint32_t index,
                                           std::function<void(Result<std::string>)> done) {
    store.piece(object.key, object.sequence, index, clock_.now(), std::move(done));
  };
  sources.now = [this] { return clock_.now(); };
  sources.held = &held_;
  sources.reload = [this](std::function<void(ReloadTold)> done) {
    reload([this, done = std::move(done)] {
      done({reloader_.has_refused(), reloader_.last_json()});
    });
  };
  sources.drain = [this] { return drain_as_told(); };
  sources.explain = [this](ExplainQuestion question, ExplainDesk::Done done) {
    explain_desk_.explain(std::move(question), config(), clock_.now(), std::move(done));
  };
  sources.events = [this] { return origin_metrics_.purges.json(config().purge.events); };
  sources.top = [this](TopBy by, std::size_t limit) {
    take_samples();
    return top_ ? top_->json(by, limit) : std::string();
  };
  sources.snapshot = [this](std::shared_ptr<SnapshotSink> sink, Milliseconds limit_ms) {
    if (drain_.has_begun()) return Result<void>(fail(Error::Code::unavailable, "larderd drains"));
    return store_->snapshot({secret_, [this] { return clock_.now(); }, limit_ms, std::move(sink)});
  };
  admin_ = std::make_unique<AdminServer>(loop_.get(), settings_, std::move(sources),
                                         listeners_.take_admin());
}

void Server::open_webhook() {
  webhook_ = std::make_unique<WebhookServer>(
      loop_.get(), settings_,
      [this](PurgeOrder order, std::function<void(PurgeResult)> done) {
        order.source = PurgeSource::webhook;
        purge(std::move(order), std::move(done));
      },
      [this](RawNote note) { origin_->post(std::move(note)); }, listeners_.take_webhook());
}

void Server::open_bus() {
  if (config().bus.address.empty()) return;
  BusReader::Ways ways;
  ways.purge = [this](PurgeOrder order, std::function<void(PurgeResult)> done) {
    origin_->post(PurgeCommand{std::move(order), std::move(done)});
  };
  ways.caught_up = [this] { store_->know_others(); };
  bus_ = std::make_unique<Bus>(config().bus, *store_, std::move(ways));
}

void Server::purge(PurgeOrder order, std::function<void(PurgeResult)> done) {
  if (bus_ && !order.dry_run) return bus_->purge(std::move(order), std::move(done));
  origin_->post(PurgeCommand{std::move(order), std::move(done)});
}

void Server::watch_signal(int number) {
  signals_.push_back(make_handle<uv_signal_t>(loop_.get(), this, uv_signal_init));
  uv_signal_start(signals_.back().get(), on_signal, number);
}

void Server::on_signal(uv_signal_t* signal, int number) noexcept {
  static_cast<Server*>(signal->data)->on_signal(number);
}

void Server::on_clock(uv_timer_t* timer) noexcept {
  auto& server = *static_cast<Server*>(timer->data);
  if (server.access_log_) server.access_log_->tell_losses(monotonic_now());
  server.take_samples();
  const std::int64_t jumped = server.clock_.follow(wall_now(), monotonic_now());
  if (jumped == 0) return;
  log(LogLevel::info, "server",
      "the system's clock is ahead by " + std::to_string(jumped) + " ms: freshness follows it");
}

void Server::take_samples() {
  if (!top_) return;
  RequestSample sample;
  for (const auto& ring : sample_rings_) {
    // Not what comes meanwhile: a busy worker would keep main here.
    for (auto left = ring->waiting(); left > 0 && ring->pop(sample); --left) top_->add(sample);
  }
  top_->age(monotonic_now());
}

void Server::on_signal(int number) {
  if (number == SIGUSR1) return reopen_logs();
  const bool drains = drain_.has_begun();  // by an order: by a signal, none comes here any more
  if (number == SIGHUP && drains) return;
  if (number == SIGHUP) return reload();
  log(LogLevel::info, "server", std::string(::strsignal(number)) + ": another signal ends at once");
  signals_.clear();
  end_at_second_signal(listeners_.socket_files());
  if (!drains) begin_drain(::strsignal(number));
}

std::string Server::drain_as_told() {
  if (!drain_.has_begun()) begin_drain("an order on the admin socket");
  return drain_json(drain_.state(), monotonic_now(), drain_.until(), ::getpid());
}

void Server::begin_drain(const std::string& why) {
  log(LogLevel::info, "server", why + ": draining; answers under way are finished");
  notify_stopping(config().server.drain_timeout_ms);
  drain_.begin(monotonic_now(), config().server.drain_timeout_ms);
  admin_->drain();
  for (auto& worker : workers_) worker->drain();
  uv_timer_start(drain_timer_.get(), on_drain_tick, kDrainTickMs, kDrainTickMs);
}

void Server::on_drain_tick(uv_timer_t* timer) noexcept {
  static_cast<Server*>(timer->data)->step_drain();
}

void Server::step_drain() {
  const auto all = [this](bool (Worker::*is)() const) {
    return std::all_of(workers_.begin(), workers_.end(),
                       [is](const auto& worker) { return ((*worker).*is)(); });
  };
  const Drain::Sight sight{.now = monotonic_now(),
                           .settled = all(&Worker::is_settled),
                           .gone = all(&Worker::is_gone),
                           .answered = admin_->is_idle() && webhook_->is_idle()};
  const MonotonicTime until = drain_.until();
  if (!drain_.step(sight)) return;
  if (drain_.state() == Drain::State::leaving) {
    for (auto& worker : workers_) worker->leave(until);
  } else if (drain_.state() == Drain::State::answering) {
    admin_->end();
    webhook_->end();
  } else {
    loop_.stop();
  }
}

/// After a rotation: from here on lines go to the files that have the logs' names. stderr is its
/// owner's to rotate.
void Server::reopen_logs() {
  if (access_log_) access_log_->reopen();
}

LogStatuses Server::log_statuses() const {
  const auto now = monotonic_now();
  LogStatuses logs{own_log_status(now), {}};
  if (access_log_) logs.access = access_log_->status(now);
  return logs;
}

/// `done` is told when the settings hold, or nothing has come of it.
void Server::reload(std::function<void()> done) {
  notify_reloading();
  reopen_logs();
  CertificateReload certificates = tls_.reload();
  for (auto& worker : workers_) worker->use(tls_.contexts());
  Reload reload = reloader_.read();
  reload.renewed = std::move(certificates.renewed);
  reload.kept = std::move(certificates.mistakes);
  reload.done = std::move(done);
  if (reload.result == Reload::Result::applied) return apply(std::move(reload));
  webhook_->use(settings_);  // the file of its key may be another one
  // What it found unchanged may be on its way to the threads still.
  if (reload.result == Reload::Result::unchanged) return pass_to_threads(std::move(reload));
  settle(std::move(reload));
}

/// The fetch thread first: what a worker asks of it by new settings then finds it with these.
void Server::apply(Reload reload) {
  settings_ = reload.plan.next;
  install_redactor(redactor_for(config()));  // before anything can log a new token
  set_log_level(config().log.level);
  held_.set_bounds(config().cache.max_pending_bytes, config().server.max_output_bytes);
  store_->set_bounds(config().cache);
  store_->set_soft_for(config().purge.soft_for_ms);
  origin_metrics_.purges.keep(config().purge.events);
  shared_->max_connections.store(max_connections_for(config(), worker_count_, system_),
                                 std::memory_order_relaxed);
  admin_->use(settings_);
  webhook_->use(settings_);
  pass_to_threads(std::move(reload));
}

/// It is settled when all of them work by these settings.
void Server::pass_to_threads(Reload reload) {
  const auto tell_taken = [taken = taken_](Reload* done) {
    taken->post(std::move(*done));
    delete done;
  };
  const std::shared_ptr<const void> until_taken(new Reload(std::move(reload)), tell_taken);
  origin_->post(SettingsChange{settings_, until_taken});
  for (auto& worker : workers_) worker->use({settings_, until_taken});
}

void Server::on_mail(std::vector<Reload>& taken) {
  for (Reload& reload : taken) settle(std::move(reload));
}

void Server::settle(Reload reload) {
  reloader_.settle(std::move(reload));
  notify_service("READY=1", "serving");
}

void Server::run() {
  start_watchdog();
  notify_service("READY=1", "serving");
  loop_.run();  // until the drain is over
  for (auto& worker : workers_) worker->join();
  admin_->close();
  webhook_->close();
  uv_run(loop_.get(), UV_RUN_NOWAIT);  // its connections end in their close callbacks
  taken_->close();
  clock_timer_.reset();
  drain_timer_.reset();
  watchdog_.reset();
}

void Server::tell_all(const CredentialNote& note) {
  for (auto& worker : workers_) worker->tell(note);
}

std::vector<const WorkerMetrics*> Server::worker_metrics() const {
  std::vector<const WorkerMetrics*> all;
  for (const auto& worker : workers_) all.push_back(&worker->metrics());
  return all;
}

const char* Server::mode() const {
  return config().open_mode() ? "\"open\"" : "\"configured\"";
}

std::string Server::ready_json() const {
  std::string out = "{\"version\":" + json_quote(LARDER_VERSION) +
                    ",\"pid\":" + std::to_string(::getpid()) + ",\"mode\":" + mode() +
                    ",\"config\":" + json_quote(config_file_.empty() ? "none" : config_file_) +
                    ",\"cache\":{\"path\":" + json_quote(config().cache.path) + ",";
  out += "\"size_bytes\":" + std::to_string(config().cache.size);
  return out + "},\"listeners\":" + address_list(listeners_.for_clients()) +
         ",\"admin\":" + address_list(listeners_.for_operators()) +
         ",\"webhook\":" + address_list(listeners_.for_webhooks()) + "}\n";
}

std::string Server::latencies() const {
  std::vector<const LatencyHistogram*> cache, origin;
  for (const auto* worker : worker_metrics()) {
    for (const AnswerClass kind : {AnswerClass::hit, AnswerClass::stale}) {
      cache.push_back(&worker->times[static_cast<std::size_t>(kind)]);
    }
    for (const AnswerClass kind : {AnswerClass::miss, AnswerClass::pass, AnswerClass::preview}) {
      origin.push_back(&worker->times[static_cast<std::size_t>(kind)]);
    }
  }
  return "{\"cache\":" + latency_json(cache) + ",\"origin\":" + latency_json(origin) + "}";
}

std::string Server::status_json() const {
  const auto store = store_->stats();
  std::string out = "{\"version\":" + json_quote(LARDER_VERSION) + ",\"mode\":" + mode() +
                    ",\"state\":" + (drain_.has_begun() ? "\"draining\"" : "\"serving\"") +
                    ",\"drain\":" + json_quote(Drain::name_of(drain_.state())) +
                    ",\"time\":" + json_quote(utc_text(clock_.now())) +
                    ",\"uptime_s\":" + std::to_string((monotonic_now().ms - started_.ms) / 1000) +
                    ",\"settings\":" + reloader_.status_json() +
                    ",\"listeners\":" + address_list(listeners_.for_clients()) + ",\"requests\":{";
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    std::uint64_t sum = 0;
    for (const auto& worker : workers_) sum += worker->metrics().requests[i].get();
    append_field(out, name_of(static_cast<Outcome>(i)), sum);
  }
  out += "},\"latency_us\":" + latencies() + ",\"store\":{";
  append_field(out, "objects", store.objects);
  append_field(out, "live_bytes", store.live_pages * store.page_bytes);
  append_field(out, "size_bytes", store.map_bytes);
  append_field(out, "scopes", store.scopes);
  append_field(out, "evicted", store.evicted);
  append_field(out, "purged", store.purged);
  append_field(out, "epoch", store.epoch);
  append_field(out, "corrupt", store.corrupt);
  out += std::string(",\"warm\":") + (store.warm ? "true" : "false");
  out += ",\"state\":" + json_quote(name_of(store.state));
  if (!store.trouble.empty()) out += ",\"trouble\":" + json_quote(store.trouble);
  out += "},\"origin\":{";
  append_field(out, "fills", origin_metrics_.fills_started.get());
  append_field(out, "joined", origin_metrics_.fills_joined.get());
  append_field(out, "active", origin_metrics_.fills_active.get());
  append_field(out, "failed_transfers", origin_metrics_.delivery_failed.get());
  append_field(out, "credentials_rejected", origin_metrics_.credentials_rejected.get());
  out += ",\"visible_ms\":" + origin_metrics_.visible.json() + "},\"memory\":{";
  append_field(out, "in_flight_bytes", held_.pending());
  append_field(out, "output_bytes", held_.output());
  if (const auto memory = process_memory()) {
    append_field(out, "own_bytes", memory->own);
    append_field(out, "mapped_bytes", memory->mapped);
  }
  std::uint64_t purges = 0, failed = 0;
  for (const auto& counts : origin_metrics_.purges.counts()) {
    purges += counts.done;
    failed += counts.failed;
  }
  out += "},\"decisions\":{";
  std::size_t decision_bytes = 0;
  for (const auto& worker : workers_) decision_bytes += worker->decision_bytes();
  append_field(out, "bytes", decision_bytes);
  out += "},\"purges\":{";
  append_field(out, "done", purges);
  append_field(out, "failed", failed);
  out += "},\"audit\":{";
  append_field(out, "checked", origin_metrics_.audit_checked.get());
  append_field(out, "differing", origin_metrics_.audit_differing.get());
  append_field(out, "failed", origin_metrics_.audit_failed.get());
  out += "}";
  if (webhook_->is_configured()) out += ",\"webhook\":" + webhook_->status_json();
  if (bus_) out += ",\"bus\":" + bus_->status_json();
  const LogStatuses logs = log_statuses();
  out += ",\"logs\":{\"own\":" + log_json(logs.own);
  if (logs.access) out += ",\"access\":" + log_json(*logs.access);
  return out + "},\"hosts\":" + origin_metrics_.hosts.json(monotonic_now()) +
         ",\"sync\":" + origin_metrics_.feeds.json(monotonic_now()) + "}\n";
}

}  // namespace larder
