// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <llhttp.h>
#include <uv.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sandbox/http.h"

/// One client: parses requests one after the other and plays the script of each answer.
namespace sandbox {

class Connection;

/// One thing that an answer does. A script without steps sends all its bytes at once.
struct Step {
  enum class Kind {
    send,     ///< bytes up to `until` of head and body together
    wait,     ///< `ms` milliseconds
    hold,     ///< until the barrier `name` is released
    replace,  ///< goes on with the script that `make` gives
    stall,    ///< nothing more, with the connection open
    close,
    reset,  ///< closes by RST
  };
  Kind kind = Kind::send;
  std::size_t until = 0;
  std::uint64_t ms = 0;
  std::string name;
  std::function<struct Script()> make;
};

struct Script {
  std::string head;
  Bytes body;  ///< may be null
  std::vector<Step> steps;
  bool close_after = false;

  std::size_t size() const { return head.size() + (body ? body->size() : 0); }
};

/// What a connection needs from outside.
class Service {
 public:
  virtual ~Service() = default;
  /// The request's views are good until on_end.
  virtual Script on_request(const HttpRequest& request, Connection& connection) = 0;
  /// The connection waits until go_on() or its end.
  virtual void on_hold(Connection& connection, const std::string& barrier) = 0;
  /// After each request; `complete`: all bytes were given to the kernel.
  virtual void on_end(Connection& connection, bool complete) = 0;
  /// The last call: the connection may be deleted.
  virtual void on_closed(Connection& connection) = 0;
};

class Connection {
 public:
  Connection(uv_loop_t* loop, Host host, Service& service);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Host host() const { return host_; }
  /// False when the socket is gone already.
  bool accept(uv_stream_t* listener);
  /// After on_hold.
  void go_on();
  /// Idempotent. on_closed() follows in a later turn.
  void close(bool reset = false);

 private:
  struct Span {
    std::size_t begin = 0, size = 0;
  };

  static int on_begin(llhttp_t* parser);
  static int on_target(llhttp_t* parser, const char* bytes, std::size_t size);
  static int on_name(llhttp_t* parser, const char* bytes, std::size_t size);
  static int on_value(llhttp_t* parser, const char* bytes, std::size_t size);
  static int on_body(llhttp_t* parser, const char* bytes, std::size_t size);
  static int on_complete(llhttp_t* parser);
  static const llhttp_settings_t* settings();

  void on_read(ssize_t bytes, const char* data);
  void consume(std::string_view bytes);
  bool parse(std::string_view& bytes);
  void refuse();
  void start_request();
  void play(Script script);
  void advance();
  /// True when all bytes up to `until` are with the kernel; else advance() follows.
  bool send(std::size_t until);
  void finish();
  void end_request(bool complete);
  void append(Span& span, const char* bytes, std::size_t size);
  std::string_view text(Span span) const { return {text_.data() + span.begin, span.size}; }

  Service& service_;
  const Host host_;
  uv_tcp_t socket_;
  uv_timer_t timer_;
  uv_write_t write_;
  llhttp_t parser_;

  std::string text_;  ///< target, fields and body of the current request
  Span target_, body_;
  std::vector<std::pair<Span, Span>> fields_;
  bool in_value_ = false;
  HttpRequest request_;
  std::string pending_;  ///< bytes behind the current request

  Script script_;
  std::size_t step_ = 0;
  std::size_t sent_ = 0;
  bool complete_ = false;   ///< the parser has a whole request
  bool answering_ = false;  ///< a request is being answered
  bool counted_ = false;    ///< the service knows of it
  bool consuming_ = false;  ///< consume() is on the stack and goes on itself
  bool closing_ = false;
  int open_handles_ = 2;
};

}  // namespace sandbox
