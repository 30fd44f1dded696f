// SPDX-License-Identifier: Apache-2.0
#include "daemon/webhook/webhook_server.h"

#include <algorithm>
#include <utility>

#include "conf/base/check.h"
#include "conf/base/log.h"
#include "conf/base/startup_error.h"

namespace larder {
namespace {

constexpr std::size_t kMaxPending = 1'024;
constexpr std::int64_t kFirstRetryMs = 1'000;
constexpr std::int64_t kLastRetryMs = 30'000;
constexpr int kBacklog = 512;
/// Before a connection gives way to another one: a webhook comes in one go.
constexpr std::uint64_t kGraceMs = 250;

std::string lag_text(const WebhookEvent& event, WallTime now) {
  if (event.triggered.ms == 0) return "";
  return ", " + std::to_string(std::max<std::int64_t>(0, now.ms - event.triggered.ms)) +
         " ms after it happened";
}

}  // namespace

struct WebhookServer::Listener {
  WebhookServer* server = nullptr;
  bool waiting = false;  ///< somebody has come for whom there is no place
  UvHandle<uv_tcp_t> tcp;
  UvHandle<uv_pipe_t> pipe;

  uv_stream_t* stream() const {
    return tcp ? reinterpret_cast<uv_stream_t*>(tcp.get())
               : reinterpret_cast<uv_stream_t*>(pipe.get());
  }

  void open(uv_loop_t* loop, ListeningSocket& socket) {
    if (socket.listener().address.family == ListenAddress::Family::unix_socket) {
      auto handle = std::make_unique<uv_pipe_t>();
      LARDER_CHECK(uv_pipe_init(loop, handle.get(), 0) == 0);
      pipe.reset(handle.release());
      LARDER_CHECK(uv_pipe_open(pipe.get(), socket.release()) == 0);
    } else {
      auto handle = std::make_unique<uv_tcp_t>();
      LARDER_CHECK(uv_tcp_init(loop, handle.get()) == 0);
      tcp.reset(handle.release());
      LARDER_CHECK(uv_tcp_open(tcp.get(), socket.release()) == 0);
    }
    stream()->data = this;
    LARDER_CHECK(uv_listen(stream(), kBacklog, on_incoming) == 0);
  }
};

WebhookServer::WebhookServer(uv_loop_t* loop, SettingsPtr settings, Purge purge, Know know,
                             std::vector<ListeningSocket> sockets)
    : loop_(loop),
      settings_(std::move(settings)),
      key_fetch_(loop, [this](const std::string& url,
                              KeyFetch::Keys keys) { take_keys(url, std::move(keys)); }),
      purge_(std::move(purge)),
      know_(std::move(know)),
      is_configured_(!sockets.empty()),
      read_buffer_(64 * 1024),
      retry_ms_(kFirstRetryMs),
      retry_timer_(make_timer(loop, this)),
      place_timer_(make_timer(loop, this)),
      mailbox_(std::make_shared<Mailbox<PurgeDone>>(loop, this)) {
  const std::string& file = settings_->config.webhook.public_key_file;
  if (is_configured_ && !file.empty()) {
    auto keys = read_signing_keys(file);
    if (!keys) throw StartupError("webhook.public_key_file " + keys.error().context);
    signing_keys_ = *std::move(keys);
  }
  if (is_configured_) key_fetch_.want(settings_, monotonic_now());
  for (auto& socket : sockets) {
    listeners_.push_back(std::make_unique<Listener>());
    listeners_.back()->server = this;
    listeners_.back()->open(loop, socket);
  }
}

WebhookServer::~WebhookServer() = default;

void WebhookServer::use(SettingsPtr settings) {
  const SettingsPtr before = std::exchange(settings_, std::move(settings));
  const WebhookConfig& config = settings_->config.webhook;
  if (!is_configured_) return;
  if (config.public_key_url.empty()) {
    return read_key_file(before->config.webhook.public_key_file);
  }
  if (config.public_key_url != before->config.webhook.public_key_url) {
    signing_keys_.clear();
    report_.show_key_trouble("");
  }
  key_fetch_.want(settings_, monotonic_now());
}

void WebhookServer::read_key_file(const std::string& before) {
  const std::string& file = settings_->config.webhook.public_key_file;
  report_.show_key_trouble("");
  if (file.empty()) return signing_keys_.clear();
  auto keys = read_signing_keys(file);
  if (keys) {
    signing_keys_ = *std::move(keys);
    return;
  }
  const bool kept = file == before && !signing_keys_.empty();
  if (!kept) signing_keys_.clear();
  tell_key_trouble("webhook.public_key_file " + keys.error().context +
                   (kept ? "; kept the keys that it held" : "; no signature is right until then"));
}

void WebhookServer::take_keys(const std::string& url, KeyFetch::Keys keys) {
  if (url != settings_->config.webhook.public_key_url) {
    return key_fetch_.want(settings_, monotonic_now());  // a reload has named another one
  }
  if (keys) {
    signing_keys_ = *std::move(keys);
    log(LogLevel::info, "webhook", "fetched the CMS's public key from " + url);
    report_.show_key_trouble("");
    return;
  }
  tell_key_trouble("webhook.public_key_url: " + keys.error().context +
                   (signing_keys_.empty()
                        ? "; webhooks get 503 until it is fetched: check the URL, "
                          "or save its answer and give public_key_file"
                        : "; kept the key that was fetched before"));
}

/// Log and status.
void WebhookServer::tell_key_trouble(const std::string& text) {
  report_.show_key_trouble(text);
  log(LogLevel::warning, "webhook", text);
}

void WebhookServer::end() {
  listeners_.clear();
  for (auto& [id, connection] : connections_) {
    if (connection->is_reading()) connection->close();
  }
}

bool WebhookServer::is_idle() const {
  return std::all_of(pending_.begin(), pending_.end(),
                     [](const auto& entry) { return entry.second.failed; }) &&
         std::none_of(connections_.begin(), connections_.end(), [](const auto& entry) {
           return entry.second->state() == WebhookState::answering;
         });
}

void WebhookServer::close() {
  listeners_.clear();
  for (auto& [id, connection] : connections_) connection->close();
  retry_timer_.reset();
  place_timer_.reset();
  key_fetch_.close();
  mailbox_->close();
}

std::string WebhookServer::metrics_text() const {
  return is_configured_ ? report_.metrics_text(pending_.size()) : "";
}

std::string WebhookServer::status_json() const {
  return report_.status_json(wall_now(), pending_.size());
}

// --- Connections ---------------------------------------------------------------------------------

void WebhookServer::on_incoming(uv_stream_t* stream, int status) noexcept {
  auto* listener = static_cast<Listener*>(stream->data);
  if (status == 0) listener->server->accept(*listener);
}

/// Who finds no place waits in the listener's queue: a burst of webhooks loses none.
void WebhookServer::accept(Listener& listener) {
  listener.waiting = !make_place();
  if (listener.waiting) {
    if (place_timer_) uv_timer_start(place_timer_.get(), on_place, kGraceMs, 0);
    return;
  }
  auto transport = accept_stream(listener.stream(), read_buffer_);
  if (!transport) return;
  const auto id = next_connection_++;
  connections_.emplace(
      id, std::make_unique<WebhookConnection>(*this, id, std::move(transport), settings_, loop_));
}

void WebhookServer::accept_waiting() {
  for (auto& listener : listeners_) {
    if (listener->waiting) accept(*listener);
  }
}

void WebhookServer::on_place(uv_timer_t* timer) noexcept {
  static_cast<WebhookServer*>(timer->data)->accept_waiting();
}

void WebhookServer::on_closed(std::uint64_t id) {
  connections_.erase(id);
  accept_waiting();
}

/// At the bound, the oldest whose request is not whole gives way once it has had some time: who
/// holds connections open cannot lock the CMS out.
bool WebhookServer::make_place() {
  std::size_t open = 0;
  WebhookConnection* oldest = nullptr;
  for (auto& [id, connection] : connections_) {
    if (connection->state() == WebhookState::over) continue;
    ++open;
    if (!connection->is_reading() && connection->state() != WebhookState::lingering) continue;
    if (oldest == nullptr || id < oldest->id()) oldest = connection.get();
  }
  if (open < settings_->config.webhook.max_connections) return true;
  const std::int64_t now = monotonic_now().ms;
  if (oldest == nullptr || now - oldest->began().ms < static_cast<std::int64_t>(kGraceMs)) {
    return false;
  }
  if (oldest->is_reading()) on_refused(WebhookResult::busy);
  oldest->close();
  return true;
}

bool WebhookServer::hold(std::size_t more) {
  if (held_ + more > settings_->config.webhook.max_memory_bytes) return false;
  held_ += more;
  return true;
}

void WebhookServer::on_refused(WebhookResult result) {
  report_.count(result);
  warn();
}

void WebhookServer::warn() {
  const std::string text = report_.take_warning(monotonic_now());
  if (!text.empty()) log(LogLevel::warning, "webhook", text);
}

// --- Events --------------------------------------------------------------------------------------

void WebhookServer::on_webhook(WebhookConnection& connection, const RequestView& request,
                               std::string_view body) {
  if (has_no_key(connection.settings().config.webhook)) {
    key_fetch_.want(settings_, monotonic_now());
    on_refused(WebhookResult::busy);
    return connection.respond(503, "the public key of the CMS is not known yet");
  }
  const WallTime now = wall_now();
  WebhookVerdict verdict =
      desk_.judge(connection.settings().config.webhook, signing_keys_, request.headers, body, now);
  if (verdict.unproven) {
    report_.count(*verdict.unproven);
    warn();
    // The CMS may have a new key.
    if (verdict.unproven == Unproven::signature) key_fetch_.want(settings_, monotonic_now());
    return connection.respond(verdict.status, verdict.text);
  }
  if (verdict.status >= 300) {
    on_refused(verdict.result);
    return connection.respond(verdict.status, verdict.text);
  }
  report_.see(now);
  if (verdict.event.order) return begin(connection, std::move(verdict));
  const std::string answer = std::string(name_of(verdict.result)) + ": " + verdict.text;
  LARDER_LOG_DEBUG("webhook", verdict.event.name + " " + answer);
  report_.note({verdict.event.name, verdict.text, verdict.result, verdict.event.triggered}, now);
  connection.respond(200, answer);
}

void WebhookServer::begin(WebhookConnection& connection, WebhookVerdict verdict) {
  if (pending_.size() >= kMaxPending) {
    on_refused(WebhookResult::busy);
    return connection.respond(503, "too many purges are under way");
  }
  const std::uint64_t number = next_purge_++;
  const auto added =
      pending_.emplace(number, Pending{connection.id(), std::move(verdict.event), verdict.digest});
  connection.wait();
  order(number, added.first->second);
}

void WebhookServer::order(std::uint64_t number, const Pending& pending) {
  const WebhookEvent& event = pending.event;
  // Before the purge, so that what is asked for after it finds it known.
  if (event.entry && event.triggered.ms > 0) {
    know_({branches_of(*event.order), *event.entry, event.triggered});
  }
  purge_(*event.order, [mailbox = mailbox_, number](PurgeResult result) {
    mailbox->post({number, std::move(result)});
  });
}

void WebhookServer::on_late(WebhookConnection& connection) {
  for (auto& [number, pending] : pending_) {
    if (pending.connection == connection.id()) pending.acknowledged = true;
  }
  report_.count_late();
  connection.respond(202, "taken; the purge is under way");
}

void WebhookServer::on_mail(std::vector<PurgeDone>& mail) {
  for (auto& done : mail) {
    const auto found = pending_.find(done.number);
    if (found != pending_.end()) settle(done.number, found->second, done.result);
  }
}

void WebhookServer::settle(std::uint64_t number, Pending& pending, const PurgeResult& result) {
  if (result.error) return on_failure(number, pending, *result.error);
  const WallTime now = wall_now();
  const WebhookEvent& event = pending.event;
  desk_.remember(pending.digest, now, settings_->config.webhook.window_s);
  const auto outcome = result.repeated ? WebhookResult::duplicate
                       : event.coarse  ? WebhookResult::coarse
                                       : WebhookResult::applied;
  report_.note({event.name, event.subject, outcome, event.triggered}, now);
  const std::string what = result.repeated ? "applied before: " : "purged what shows ";
  log(LogLevel::info, "webhook", event.name + ": " + what + event.subject + lag_text(event, now));
  const auto waiting = connections_.find(pending.connection);
  if (waiting != connections_.end() && waiting->second->state() == WebhookState::purging) {
    waiting->second->respond(200, name_of(outcome));
  }
  retry_ms_ = kFirstRetryMs;
  pending_.erase(number);
}

/// Who has not been answered yet sends it again. Who has got 202 does not.
void WebhookServer::on_failure(std::uint64_t number, Pending& pending, const Error& error) {
  report_.note({pending.event.name, "not purged: " + error.context, WebhookResult::failed,
                pending.event.triggered},
               wall_now());
  warn();
  if (pending.acknowledged) {
    pending.failed = true;
    if (uv_is_active(reinterpret_cast<uv_handle_t*>(retry_timer_.get())) == 0) {
      uv_timer_start(retry_timer_.get(), on_retry, static_cast<std::uint64_t>(retry_ms_), 0);
      retry_ms_ = std::min(2 * retry_ms_, kLastRetryMs);
    }
    return;
  }
  const auto waiting = connections_.find(pending.connection);
  if (waiting != connections_.end() && waiting->second->state() == WebhookState::purging) {
    waiting->second->respond(503, "not purged: " + error.context);
  }
  pending_.erase(number);
}

void WebhookServer::on_retry(uv_timer_t* timer) noexcept {
  static_cast<WebhookServer*>(timer->data)->retry();
}

void WebhookServer::retry() {
  for (auto& [number, pending] : pending_) {
    if (!std::exchange(pending.failed, false)) continue;
    order(number, pending);
  }
}

}  // namespace larder
