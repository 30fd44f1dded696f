// SPDX-License-Identifier: Apache-2.0
#include "bench/load/client_loop.h"

#include <algorithm>
#include <cerrno>

#include "bench/run/command.h"
#include "bench/run/steady_clock.h"

namespace larder::bench {
namespace {

constexpr std::size_t kBuffer = 256 * 1024;
constexpr std::uint64_t kPatienceNs = 10'000'000'000;  // without any answer at all
constexpr std::uint64_t kLongestWaitNs = 100'000'000;
constexpr std::uint64_t kGiveAgainNs = 1'000'000;  // after the source had none
constexpr int kTries = 3;                          // of a request that finds its connection closed

}  // namespace

struct ClientLoop::Connection final : Watched {
  explicit Connection(ClientLoop& owner) : loop(owner) {}
  void on_ready(std::uint32_t) override { loop.read(*this); }

  ClientLoop& loop;
  Descriptor socket;
  ResponseReader reader;
  Request request;
  std::uint64_t from_ns = 0;  ///< its latency counts from here
  bool busy = false;
  int tries = 0;
};

ClientLoop::ClientLoop(Setting setting, RequestSource& source)
    : setting_(std::move(setting)),
      source_(source),
      pace_(setting_.rate, steady_ns()),
      last_answer_ns_(steady_ns()),
      buffer_(kBuffer) {
  for (unsigned i = 0; i < setting_.connections; ++i) {
    check_interrupted();
    open(connections_.emplace_back(*this));
    idle_.push_back(&connections_.back());
  }
  pace_ = Pace(setting_.rate, steady_ns());
}

ClientLoop::~ClientLoop() = default;

void ClientLoop::open(Connection& connection) {
  connection.socket = Descriptor();
  connection.socket = connect_to(setting_.endpoint);
  poll_.add(connection.socket, EPOLLIN, connection);
}

void ClientLoop::move_to(const Endpoint& endpoint) {
  setting_.endpoint = endpoint;
  for (Connection& connection : connections_) open(connection);
}

/// A server may close a connection between two requests: then on a new one.
void ClientLoop::send(Connection& connection) {
  connection.reader.reset();
  while (!try_send_all(connection.socket, connection.request.bytes)) {
    if (++connection.tries == kTries)
      throw BenchError(setting_.endpoint.authority + " takes no requests");
    ++reconnects_;
    open(connection);
  }
}

void ClientLoop::give() {
  while (!idle_.empty()) {
    const std::uint64_t now = steady_ns();
    if (!pace_.is_due(now)) return;
    Connection& connection = *idle_.front();
    last_next_ = source_.next(connection.request);
    if (last_next_ != RequestSource::Next::request) return;
    idle_.pop_front();
    connection.from_ns = pace_.take(now);
    connection.busy = true;
    connection.tries = 0;
    if (busy_++ == 0) last_answer_ns_ = now;
    send(connection);
  }
}

void ClientLoop::read(Connection& connection) {
  const ssize_t got = ::recv(connection.socket.get(), buffer_.data(), buffer_.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (!connection.busy) {  // closed at rest, or bytes that nobody asked for
    ++reconnects_;
    return open(connection);
  }
  auto progress = ResponseReader::Progress::broken;
  if (got > 0) progress = connection.reader.feed({buffer_.data(), static_cast<std::size_t>(got)});
  if (got == 0) progress = connection.reader.end();
  if (progress == ResponseReader::Progress::more) return;
  const bool complete = progress == ResponseReader::Progress::done;
  if (got <= 0 && !complete && connection.reader.status() == 0 && ++connection.tries < kTries) {
    ++reconnects_;
    open(connection);
    return send(connection);
  }
  finish(connection, complete, got <= 0 || !complete || connection.reader.closes());
}

void ClientLoop::finish(Connection& connection, bool complete, bool lost) {
  const std::uint64_t now = steady_ns();
  last_answer_ns_ = now;
  connection.busy = false;
  --busy_;
  source_.on_answer({connection.request.number, connection.reader, complete,
                     now - std::min(now, connection.from_ns)});
  if (lost) {
    ++reconnects_;
    open(connection);
  }
  idle_.push_back(&connection);
  give();
}

std::uint64_t ClientLoop::wait_ns() const {
  if (setting_.spin) return 0;
  if (idle_.empty() || last_next_ == RequestSource::Next::end) return kLongestWaitNs;
  if (last_next_ == RequestSource::Next::wait) return kGiveAgainNs;
  if (!pace_.is_open()) return kLongestWaitNs;
  const std::uint64_t now = steady_ns();
  return std::clamp<std::uint64_t>(pace_.next_ns(), now, now + kLongestWaitNs) - now;
}

void ClientLoop::run(std::uint64_t until_ns) {
  last_next_ = RequestSource::Next::request;
  while (true) {
    give();
    if (last_next_ == RequestSource::Next::end && busy_ == 0) return;
    poll_.wait(wait_ns());
    const std::uint64_t now = steady_ns();
    if (now >= until_ns) return;
    if (busy_ > 0 && now - std::min(now, last_answer_ns_) > kPatienceNs)
      throw BenchError(setting_.endpoint.authority + " has stopped answering");
    check_interrupted();
  }
}

}  // namespace larder::bench
