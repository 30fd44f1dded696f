// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "bench/load/http_target.h"
#include "bench/load/pace.h"
#include "bench/load/response_reader.h"
#include "bench/load/socket.h"
#include "bench/run/poll.h"

namespace larder::bench {

struct Request {
  std::string bytes;
  std::uint64_t number = 0;  ///< what the source knows it by
};

struct Answered {
  std::uint64_t number = 0;
  const ResponseReader& reader;
  bool complete = false;
  std::uint64_t latency_ns = 0;  ///< from the moment it was meant to be sent
};

/// What the connections of a loop ask for.
class RequestSource {
 public:
  enum class Next : std::uint8_t {
    request,  ///< it is in the argument
    wait,     ///< none now; more after an answer, or after what else the source waits for
    end,      ///< none any more
  };
  virtual ~RequestSource() = default;
  virtual Next next(Request& request) = 0;
  virtual void on_answer(const Answered& answer) = 0;
};

/// Keep-alive connections to one server, one request at a time on each. Without a rate each sends
/// its next request when it has the answer to the last (closed loop); with one, requests are sent
/// as planned, and wait for a free connection when the server is late (open loop).
class ClientLoop {
 public:
  struct Setting {
    Endpoint endpoint;
    unsigned connections = 64;
    double rate = 0;    ///< requests a second; 0 = closed loop
    bool spin = false;  ///< never sleep: the server then pays for no wake-up of its client
  };

  ClientLoop(Setting setting, RequestSource& source);
  ~ClientLoop();
  ClientLoop(const ClientLoop&) = delete;
  ClientLoop& operator=(const ClientLoop&) = delete;

  /// Until time is up, or the source is at its end and every answer has come. May be called again:
  /// what is under way goes on.
  void run(std::uint64_t until_ns);
  /// Takes leave of the server, which has ended, for another one. No request may be under way.
  void move_to(const Endpoint& endpoint);

  Poll& poll() { return poll_; }
  unsigned busy() const { return busy_; }
  std::uint64_t reconnects() const { return reconnects_; }
  void forget_reconnects() { reconnects_ = 0; }

 private:
  struct Connection;

  void open(Connection& connection);
  void send(Connection& connection);
  void give();
  void read(Connection& connection);
  void finish(Connection& connection, bool complete, bool lost);
  std::uint64_t wait_ns() const;

  Setting setting_;
  RequestSource& source_;
  RequestSource::Next last_next_ = RequestSource::Next::request;
  Poll poll_;
  Pace pace_;
  std::deque<Connection> connections_;  ///< stay where they are: the poll points at them
  std::deque<Connection*> idle_;        ///< the one that rested longest first
  unsigned busy_ = 0;
  std::uint64_t reconnects_ = 0;
  std::uint64_t last_answer_ns_ = 0;
  std::vector<char> buffer_;
};

}  // namespace larder::bench
