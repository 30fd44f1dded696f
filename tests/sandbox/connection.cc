// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/connection.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sandbox {
namespace {

constexpr std::size_t kMaxPending = 1u << 20;
constexpr std::size_t kMaxRequest = 128u << 20;

Connection& of(llhttp_t* parser) {
  return *static_cast<Connection*>(parser->data);
}

template <class Handle>
Connection& of(Handle* handle) {
  return *static_cast<Connection*>(handle->data);
}

}  // namespace

Connection::Connection(uv_loop_t* loop, Host host, Service& service)
    : service_(service), host_(host) {
  uv_tcp_init(loop, &socket_);
  uv_timer_init(loop, &timer_);
  socket_.data = timer_.data = write_.data = this;
  llhttp_init(&parser_, HTTP_REQUEST, settings());
  parser_.data = this;
}

// --- Reading -------------------------------------------------------------------------------------

const llhttp_settings_t* Connection::settings() {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t callbacks;
    llhttp_settings_init(&callbacks);
    callbacks.on_message_begin = on_begin;
    callbacks.on_url = on_target;
    callbacks.on_header_field = on_name;
    callbacks.on_header_value = on_value;
    callbacks.on_body = on_body;
    callbacks.on_message_complete = on_complete;
    return callbacks;
  }();
  return &settings;
}

void Connection::append(Span& span, const char* bytes, std::size_t size) {
  if (span.size == 0) span.begin = text_.size();
  text_.append(bytes, size);
  span.size += size;
}

int Connection::on_begin(llhttp_t* parser) {
  Connection& self = of(parser);
  self.text_.clear();
  self.fields_.clear();
  self.target_ = self.body_ = Span();
  self.in_value_ = true;
  return 0;
}

int Connection::on_target(llhttp_t* parser, const char* bytes, std::size_t size) {
  of(parser).append(of(parser).target_, bytes, size);
  return 0;
}

int Connection::on_name(llhttp_t* parser, const char* bytes, std::size_t size) {
  Connection& self = of(parser);
  if (self.in_value_) self.fields_.emplace_back();
  self.in_value_ = false;
  self.append(self.fields_.back().first, bytes, size);
  return 0;
}

int Connection::on_value(llhttp_t* parser, const char* bytes, std::size_t size) {
  Connection& self = of(parser);
  self.in_value_ = true;
  self.append(self.fields_.back().second, bytes, size);
  return 0;
}

int Connection::on_body(llhttp_t* parser, const char* bytes, std::size_t size) {
  Connection& self = of(parser);
  self.append(self.body_, bytes, size);
  return self.text_.size() > kMaxRequest ? HPE_USER : 0;
}

int Connection::on_complete(llhttp_t* parser) {
  of(parser).complete_ = true;
  return HPE_PAUSED;
}

bool Connection::accept(uv_stream_t* listener) {
  if (uv_accept(listener, reinterpret_cast<uv_stream_t*>(&socket_)) != 0) return false;
  uv_tcp_nodelay(&socket_, 1);
  const auto allocate = [](uv_handle_t*, std::size_t, uv_buf_t* buffer) {
    static std::array<char, 65'536> bytes;  // one thread, and consumed before the next read
    *buffer = uv_buf_init(bytes.data(), bytes.size());
  };
  const auto read = [](uv_stream_t* stream, ssize_t bytes, const uv_buf_t* buffer) {
    of(stream).on_read(bytes, buffer->base);
  };
  return uv_read_start(reinterpret_cast<uv_stream_t*>(&socket_), allocate, read) == 0;
}

void Connection::on_read(ssize_t bytes, const char* data) {
  if (bytes < 0) return close();
  if (bytes == 0 || closing_) return;
  const std::string_view view(data, static_cast<std::size_t>(bytes));
  if (!answering_) return consume(view);
  pending_.append(view);
  if (pending_.size() > kMaxPending) close();
}

/// Parses and answers as many requests as can be answered at once.
void Connection::consume(std::string_view bytes) {
  consuming_ = true;
  std::string before;  // keeps the bytes that are being parsed
  while (!closing_ && !bytes.empty() && parse(bytes)) {
    pending_.assign(bytes);
    start_request();
    if (answering_ || closing_) break;
    before.swap(pending_);
    pending_.clear();
    bytes = before;
  }
  consuming_ = false;
}

/// Takes bytes off the front; true when a request is complete.
bool Connection::parse(std::string_view& bytes) {
  complete_ = false;
  const llhttp_errno_t result = llhttp_execute(&parser_, bytes.data(), bytes.size());
  if (complete_) {
    bytes.remove_prefix(static_cast<std::size_t>(llhttp_get_error_pos(&parser_) - bytes.data()));
    return true;
  }
  if (result != HPE_OK) refuse();
  return false;
}

void Connection::refuse() {
  answering_ = true;
  Script script;
  script.head = status_line(400) + "Content-Length: 0\r\nConnection: close\r\n\r\n";
  script.close_after = true;
  play(std::move(script));
}

void Connection::start_request() {
  answering_ = counted_ = true;
  request_.host = host_;
  request_.method = llhttp_method_name(static_cast<llhttp_method_t>(llhttp_get_method(&parser_)));
  request_.target = text(target_);
  request_.body = text(body_);
  request_.http_1_0 = llhttp_get_http_major(&parser_) == 1 && llhttp_get_http_minor(&parser_) == 0;
  request_.keep_alive =
      llhttp_should_keep_alive(&parser_) != 0 && llhttp_get_upgrade(&parser_) == 0;
  request_.fields.clear();
  for (const auto& [name, value] : fields_) {
    request_.fields.push_back({text(name), text(value)});
  }
  llhttp_resume(&parser_);
  play(service_.on_request(request_, *this));
}

// --- Answering -----------------------------------------------------------------------------------

void Connection::play(Script script) {
  script_ = std::move(script);
  step_ = 0;
  sent_ = 0;
  if (script_.steps.empty()) {
    script_.steps.emplace_back();
    script_.steps.back().until = script_.size();
  }
  advance();
}

void Connection::advance() {
  while (!closing_ && step_ < script_.steps.size()) {
    Step& step = script_.steps[step_++];
    switch (step.kind) {
      case Step::Kind::send:
        if (!send(std::min(step.until, script_.size()))) return;
        break;
      case Step::Kind::wait:
        uv_timer_start(
            &timer_, [](uv_timer_t* timer) { of(timer).advance(); }, step.ms, 0);
        return;
      case Step::Kind::hold:
        service_.on_hold(*this, step.name);
        return;
      case Step::Kind::replace: {
        const auto make = std::move(step.make);
        return play(make());
      }
      case Step::Kind::stall:
        return;
      case Step::Kind::close:
        return close();
      case Step::Kind::reset:
        return close(true);
    }
  }
  if (!closing_) finish();
}

void Connection::go_on() {
  advance();
}

bool Connection::send(std::size_t until) {
  std::array<uv_buf_t, 2> buffers;
  unsigned count = 0;
  const auto add = [&](const std::string& bytes, std::size_t begin, std::size_t end) {
    if (begin >= end) return;
    char* const data = const_cast<char*>(bytes.data());
    buffers[count++] = uv_buf_init(data + begin, static_cast<unsigned>(end - begin));
  };
  const std::size_t head = script_.head.size();
  const auto collect = [&] {
    count = 0;
    add(script_.head, sent_, std::min(head, until));
    if (script_.body && until > head) {
      add(*script_.body, sent_ > head ? sent_ - head : 0, until - head);
    }
  };
  collect();
  if (count == 0) return true;
  auto* const stream = reinterpret_cast<uv_stream_t*>(&socket_);
  const int written = uv_try_write(stream, buffers.data(), count);
  if (written > 0) sent_ += static_cast<std::size_t>(written);
  if (sent_ == until) return true;
  collect();
  sent_ = until;
  const auto written_out = [](uv_write_t* write, int status) {
    Connection& self = of(write);
    if (self.closing_) return;
    if (status != 0) return self.close();
    self.advance();
  };
  if (uv_write(&write_, stream, buffers.data(), count, written_out) != 0) close();
  return false;
}

void Connection::finish() {
  const bool close_after = script_.close_after;
  end_request(true);
  script_ = Script();
  if (close_after) return close();
  if (consuming_ || pending_.empty()) return;
  std::string bytes;
  bytes.swap(pending_);
  consume(bytes);
}

void Connection::end_request(bool complete) {
  answering_ = false;
  if (std::exchange(counted_, false)) service_.on_end(*this, complete);
}

void Connection::close(bool reset) {
  if (closing_) return;
  closing_ = true;
  end_request(false);
  const auto closed = [](uv_handle_t* handle) {
    Connection& self = of(handle);
    if (--self.open_handles_ == 0) self.service_.on_closed(self);
  };
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), closed);
  if (!reset || uv_tcp_close_reset(&socket_, closed) != 0) {
    uv_close(reinterpret_cast<uv_handle_t*>(&socket_), closed);
  }
}

}  // namespace sandbox
