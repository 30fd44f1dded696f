// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "cache/store/store.h"
#include "conf/settings.h"
#include "conf/signing_key.h"
#include "daemon/http1/listen.h"
#include "daemon/http1/transport.h"
#include "daemon/orders/orders.h"
#include "daemon/webhook/key_fetch.h"
#include "daemon/webhook/webhook_connection.h"
#include "daemon/webhook/webhook_desk.h"
#include "daemon/webhook/webhook_report.h"
#include "upstream/loop/mailbox.h"
#include "upstream/loop/uv_handle.h"

namespace larder {

/// Receives the CMS's webhooks on main's loop and orders what they purge. Says 200 once a purge is
/// durable, 202 where that takes longer than 100 ms, 503 where it failed before. A purge that fails
/// after 202 is tried again until it holds: nobody else will ask for it.
class WebhookServer final : public WebhookOwner {
 public:
  /// `done` may be called on any thread.
  using Purge = std::function<void(PurgeOrder order, std::function<void(PurgeResult)> done)>;
  /// What an entry refers to.
  using Know = std::function<void(RawNote note)>;

  /// Throws StartupError where the file of the public key is wrong.
  WebhookServer(uv_loop_t* loop, SettingsPtr settings, Purge purge, Know know,
                std::vector<ListeningSocket> sockets);
  ~WebhookServer() override;
  WebhookServer(const WebhookServer&) = delete;
  WebhookServer& operator=(const WebhookServer&) = delete;

  /// For the connections to come. Reads the file of the public key again, or fetches it from
  /// another URL. Where that fails the running keys stay if their place is the same, else nothing
  /// is verified.
  void use(SettingsPtr settings);

  /// No new connections; who has sent a whole webhook still gets an answer.
  void end();
  /// No purge is under way.
  bool is_idle() const;
  /// Stops listening and drops all connections; the loop runs empty after.
  void close();

  bool is_configured() const { return is_configured_; }
  std::string metrics_text() const;
  std::string status_json() const;

  struct PurgeDone {
    std::uint64_t number = 0;
    PurgeResult result;
  };
  void on_mail(std::vector<PurgeDone>& mail);

 private:
  struct Listener;
  /// A purge that is not durable yet.
  struct Pending {
    std::uint64_t connection = 0;
    WebhookEvent event;
    Sha256 digest{};
    bool acknowledged = false;  ///< by 202
    bool failed = false;        ///< waits to be tried again
  };

  static void on_incoming(uv_stream_t* stream, int status) noexcept;
  static void on_retry(uv_timer_t* timer) noexcept;
  static void on_place(uv_timer_t* timer) noexcept;
  void accept(Listener& listener);
  void accept_waiting();
  bool make_place();
  void begin(WebhookConnection& connection, WebhookVerdict verdict);
  void order(std::uint64_t number, const Pending& pending);
  void settle(std::uint64_t number, Pending& pending, const PurgeResult& result);
  void on_failure(std::uint64_t number, Pending& pending, const Error& error);
  void retry();
  void warn();
  void tell_key_trouble(const std::string& text);
  void read_key_file(const std::string& before);
  void take_keys(const std::string& url, KeyFetch::Keys keys);
  bool has_no_key(const WebhookConfig& config) const {
    return !config.public_key_url.empty() && signing_keys_.empty();
  }

  bool hold(std::size_t more) override;
  void let_go(std::size_t bytes) override { held_ -= bytes; }
  void on_webhook(WebhookConnection& connection, const RequestView& request,
                  std::string_view body) override;
  void on_refused(WebhookResult result) override;
  void on_late(WebhookConnection& connection) override;
  void on_closed(std::uint64_t id) override;

  uv_loop_t* const loop_;
  SettingsPtr settings_;
  std::vector<SigningKey> signing_keys_;
  KeyFetch key_fetch_;
  const Purge purge_;
  const Know know_;
  const bool is_configured_;
  WebhookDesk desk_;
  WebhookReport report_;
  ReadBuffer read_buffer_;
  std::size_t held_ = 0;  ///< by bodies
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unordered_map<std::uint64_t, std::unique_ptr<WebhookConnection>> connections_;
  std::unordered_map<std::uint64_t, Pending> pending_;
  std::uint64_t next_connection_ = 1;
  std::uint64_t next_purge_ = 1;
  std::int64_t retry_ms_;
  UvHandle<uv_timer_t> retry_timer_;
  UvHandle<uv_timer_t> place_timer_;             ///< while a listener waits for a place
  std::shared_ptr<Mailbox<PurgeDone>> mailbox_;  ///< shared with purges under way on other threads
};

}  // namespace larder
