// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "conf/base/clock.h"
#include "conf/settings.h"
#include "daemon/http1/request_body.h"
#include "daemon/http1/request_parser.h"
#include "daemon/http1/transport.h"
#include "daemon/webhook/webhook_report.h"
#include "daemon/webhook/webhook_state.h"
#include "upstream/loop/uv_handle.h"

namespace larder {

class WebhookConnection;

/// Who owns the connections.
class WebhookOwner {
 public:
  virtual ~WebhookOwner() = default;
  /// May `more` bytes be held? They are counted then.
  virtual bool hold(std::size_t more) = 0;
  virtual void let_go(std::size_t bytes) = 0;
  /// A whole request: answer it by respond(), or wait() and respond later.
  virtual void on_webhook(WebhookConnection& connection, const RequestView& request,
                          std::string_view body) = 0;
  virtual void on_refused(WebhookResult result) = 0;
  /// The purge has not ended by the time that the CMS is to wait.
  virtual void on_late(WebhookConnection& connection) = 0;
  virtual void on_closed(std::uint64_t id) = 0;  ///< destroys it
};

/// One webhook: a request with a body, an answer, closed. It ends by itself at every deadline.
class WebhookConnection final : public TransportUser {
 public:
  WebhookConnection(WebhookOwner& owner, std::uint64_t id, std::unique_ptr<Transport> transport,
                    SettingsPtr settings, uv_loop_t* loop);
  ~WebhookConnection() override;
  WebhookConnection(const WebhookConnection&) = delete;
  WebhookConnection& operator=(const WebhookConnection&) = delete;

  std::uint64_t id() const { return id_; }
  WebhookState state() const { return state_; }
  /// Its request is not whole yet.
  bool is_reading() const { return state_ == WebhookState::head || state_ == WebhookState::body; }
  MonotonicTime began() const { return began_; }
  const Settings& settings() const { return *settings_; }

  /// From on_webhook() on: the purge is under way.
  void wait();
  /// Once. `text` goes out as JSON: `{"result":…}` of a 2xx, else `{"error":…}`.
  void respond(int status, std::string_view text);
  /// Idempotent.
  void close();

 private:
  void on_bytes(std::string_view bytes) override;
  void on_end(bool broken) override;
  void on_written(std::size_t bytes) override;
  void on_closed() override { owner_.on_closed(id_); }

  static void on_deadline(uv_timer_t* timer) noexcept;
  void on_deadline();
  void take_head(std::string_view bytes);
  void begin_body();
  void take_body(std::string_view bytes);
  void take_outcome(RequestBody::Outcome outcome);
  bool make_room(std::size_t more);
  void drop_body();
  void refuse(int status, WebhookResult result, std::string_view text);
  void move_to(WebhookState next);
  void start_timer(std::int64_t ms);

  WebhookOwner& owner_;
  const std::uint64_t id_;
  std::unique_ptr<Transport> transport_;
  const SettingsPtr settings_;
  const MonotonicTime began_;
  WebhookState state_ = WebhookState::head;
  RequestParser parser_;
  std::string head_;  ///< the header's bytes, once it is whole; the parser's views lie in it
  RequestBody body_;
  std::size_t held_ = 0;  ///< counted by the owner
  UvHandle<uv_timer_t> timer_;
};

}  // namespace larder
