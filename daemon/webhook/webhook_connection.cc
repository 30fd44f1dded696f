// SPDX-License-Identifier: Apache-2.0
#include "daemon/webhook/webhook_connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cache/http/response.h"
#include "conf/base/check.h"
#include "conf/base/json_text.h"
#include "conf/base/octets.h"
#include "daemon/webhook/webhook_desk.h"

namespace larder {
namespace {

/// The CMS waits so long for 200; then it gets 202.
constexpr std::int64_t kAnswerWithinMs = 100;
/// For a client that does not take its answer.
constexpr std::int64_t kWriteMs = 5'000;
/// A body that is still coming must not reset the connection before the answer is read.
constexpr std::int64_t kLingerMs = 1'000;
constexpr std::size_t kLeastRoom = 4u << 10;

std::string answer_text(int status, std::string_view text) {
  const bool good = status < 300;
  const std::string body = (good ? "{\"result\":" : "{\"error\":") + json_quote(text) + "}\n";
  std::string out(status_line(status));
  out += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size());
  out += "\r\nCache-Control: no-store\r\n";
  if (status == 405) out += "Allow: POST\r\n";
  if (status == 503) out += "Retry-After: 5\r\n";
  if (status == 401) out += "WWW-Authenticate: Basic realm=\"webhooks\"\r\n";
  return out + "Connection: close\r\n\r\n" + body;
}

bool expects_go_ahead(const RequestView& request) {
  return std::any_of(request.headers.begin(), request.headers.end(), [](const auto& header) {
    return equals_ignoring_case(header.name, "expect") &&
           equals_ignoring_case(header.value, "100-continue");
  });
}

}  // namespace

WebhookConnection::WebhookConnection(WebhookOwner& owner, std::uint64_t id,
                                     std::unique_ptr<Transport> transport, SettingsPtr settings,
                                     uv_loop_t* loop)
    : owner_(owner),
      id_(id),
      transport_(std::move(transport)),
      settings_(std::move(settings)),
      began_(monotonic_now()),
      parser_(settings_->config.server),
      timer_(make_timer(loop, this)) {
  transport_->set_user(*this);
  transport_->start_reading();
  start_timer(settings_->config.webhook.request_timeout_ms);
}

WebhookConnection::~WebhookConnection() {
  drop_body();
}

void WebhookConnection::move_to(WebhookState next) {
  LARDER_CHECK(is_legal(state_, next));
  state_ = next;
}

void WebhookConnection::start_timer(std::int64_t ms) {
  uv_timer_start(timer_.get(), on_deadline, static_cast<std::uint64_t>(ms), 0);
}

void WebhookConnection::on_deadline(uv_timer_t* timer) noexcept {
  static_cast<WebhookConnection*>(timer->data)->on_deadline();
}

void WebhookConnection::on_deadline() {
  if (is_reading()) {
    if (head_.empty()) return close();  // it has sent nothing
    return refuse(408, WebhookResult::slow, "the request took longer than webhook.request_timeout");
  }
  if (state_ == WebhookState::purging) return owner_.on_late(*this);
  close();
}

void WebhookConnection::on_bytes(std::string_view bytes) {
  if (state_ == WebhookState::head) return take_head(bytes);
  if (state_ == WebhookState::body) return take_body(bytes);
}

void WebhookConnection::take_head(std::string_view bytes) {
  head_.append(bytes);
  switch (parser_.feed(head_)) {
    case RequestParser::Outcome::incomplete:
      return;
    case RequestParser::Outcome::refused:
      return refuse(parser_.refusal().status, WebhookResult::malformed, parser_.refusal().cause);
    case RequestParser::Outcome::complete:
      break;
  }
  const RequestView request = parser_.view(head_);
  if (const auto no = refuse_head(settings_->config.webhook, parser_.method_name(), request)) {
    return refuse(no->status, no->result, no->text);
  }
  begin_body();
}

void WebhookConnection::begin_body() {
  const RequestView request = parser_.view(head_);
  move_to(WebhookState::body);
  const auto outcome = body_.begin(request.headers, settings_->config.webhook.max_body_bytes);
  if (outcome != RequestBody::Outcome::more) return take_outcome(outcome);
  const std::string rest = head_.substr(parser_.consumed());
  head_.resize(parser_.consumed());
  if (rest.empty() && expects_go_ahead(request)) {
    // If the socket does not take it, the client goes on by itself in a while.
    constexpr std::array<std::string_view, 1> kGoAhead = {"HTTP/1.1 100 Continue\r\n\r\n"};
    static_cast<void>(transport_->try_write(kGoAhead));
  }
  if (!rest.empty()) take_body(rest);
}

void WebhookConnection::take_body(std::string_view bytes) {
  if (!make_room(bytes.size())) {
    return refuse(503, WebhookResult::busy, "too many webhooks at a time: webhook.max_memory");
  }
  const auto outcome = body_.feed(bytes);
  if (outcome != RequestBody::Outcome::more) take_outcome(outcome);
}

void WebhookConnection::take_outcome(RequestBody::Outcome outcome) {
  switch (outcome) {
    case RequestBody::Outcome::more:
      return;
    case RequestBody::Outcome::too_large:
      return refuse(413, WebhookResult::too_large, "the body is larger than webhook.max_body");
    case RequestBody::Outcome::malformed:
      return refuse(400, WebhookResult::malformed, "malformed framing of the body");
    case RequestBody::Outcome::whole:
      owner_.on_webhook(*this, parser_.view(head_), body_.text());
      return drop_body();
  }
}

/// For `more` bytes behind the body as it is. False = the owner has none. Each room is at least
/// twice as large as the one before, so that the string takes just what is counted.
bool WebhookConnection::make_room(std::size_t more) {
  const std::size_t most = settings_->config.webhook.max_body_bytes;
  const std::size_t needed = std::min(body_.text().size() + more, most);
  if (needed <= std::max(held_, body_.capacity())) return true;
  std::size_t room = most;
  while (room / 2 >= std::max(needed, kLeastRoom)) room /= 2;
  if (!owner_.hold(room - held_)) return false;
  held_ = room;
  body_.reserve(room);
  return true;
}

void WebhookConnection::drop_body() {
  body_ = RequestBody();
  owner_.let_go(std::exchange(held_, 0));
}

void WebhookConnection::refuse(int status, WebhookResult result, std::string_view text) {
  drop_body();
  owner_.on_refused(result);
  respond(status, text);
}

void WebhookConnection::wait() {
  move_to(WebhookState::purging);
  start_timer(kAnswerWithinMs);
}

void WebhookConnection::respond(int status, std::string_view text) {
  move_to(WebhookState::answering);
  start_timer(kWriteMs);
  std::vector<OutPiece> pieces;
  pieces.push_back({.owner = answer_text(status, text)});
  transport_->write(std::move(pieces));
}

void WebhookConnection::on_written(std::size_t) {
  if (state_ != WebhookState::answering) return;
  move_to(WebhookState::lingering);
  transport_->shut_down_sending();
  start_timer(kLingerMs);
}

/// A client that has sent its request and ends its side still reads the answer.
void WebhookConnection::on_end(bool broken) {
  if (!broken && (state_ == WebhookState::purging || state_ == WebhookState::answering)) {
    return transport_->stop_reading();
  }
  if (is_reading() && !head_.empty()) owner_.on_refused(WebhookResult::cut_off);
  close();
}

void WebhookConnection::close() {
  if (state_ == WebhookState::over) return;
  move_to(WebhookState::over);
  uv_timer_stop(timer_.get());
  transport_->close();
}

}  // namespace larder
