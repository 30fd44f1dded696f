// SPDX-License-Identifier: Apache-2.0
#include "bench/load.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <numeric>

#include "bench/command.h"
#include "bench/response_reader.h"
#include "bench/socket.h"
#include "bench/steady_clock.h"

namespace larder::bench {
namespace {

constexpr std::size_t kBuffer = 256 * 1024;
constexpr std::uint64_t kPatienceNs = 10'000'000'000;  // without any answer at all

struct Connection {
  Descriptor socket;
  ResponseReader reader;
  std::uint64_t sent_ns = 0;
  bool answered = false;  ///< before: a close without an answer is then no failure
};

class Loop {
 public:
  explicit Loop(const LoadPlan& plan) : plan_(plan), poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    connections_.resize(plan.connections);
    for (Connection& connection : connections_) open(connection);
  }

  /// Until `most` answers came (0 = no bound) or time is up.
  void run(std::uint64_t until_ns, std::uint64_t most) {
    stop_after_ = most;
    std::uint64_t last_answer = steady_ns();
    while (true) {
      const int count = ::epoll_wait(poll_.get(), events_.data(), static_cast<int>(events_.size()),
                                     plan_.spin ? 0 : 100);
      const std::uint64_t now = steady_ns();
      for (int i = 0; i < count; ++i) {
        read(*static_cast<Connection*>(events_[static_cast<std::size_t>(i)].data.ptr));
      }
      if (count > 0) last_answer = now;
      if (now >= until_ns || (most > 0 && result_.requests >= most)) return;
      if (now - last_answer > kPatienceNs)
        throw BenchError(plan_.endpoint.authority + " has stopped answering");
      check_interrupted();
    }
  }

  void start() {
    for (Connection& connection : connections_) ask(connection);
  }
  LoadResult& result() { return result_; }

 private:
  void open(Connection& connection) {
    connection.socket = connect_to(plan_.endpoint);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, connection.socket.get(), &event);
    connection.answered = false;
  }

  void ask(Connection& connection) {
    const std::string& request = plan_.requests[plan_.order[next_]];
    if (++next_ == plan_.order.size()) next_ = 0;
    connection.reader.reset();
    connection.sent_ns = steady_ns();
    send_all(connection.socket, request);
  }

  void read(Connection& connection) {
    const ssize_t got = ::recv(connection.socket.get(), buffer_.data(), buffer_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    auto progress = ResponseReader::Progress::broken;
    if (got > 0) progress = connection.reader.feed({buffer_.data(), static_cast<std::size_t>(got)});
    if (got == 0) progress = connection.reader.end();
    if (progress == ResponseReader::Progress::more) return;
    note(connection, progress == ResponseReader::Progress::done, got <= 0);
    if (got <= 0 || connection.reader.closes() || progress == ResponseReader::Progress::broken) {
      ++result_.reconnects;
      open(connection);
    }
    if (stop_after_ == 0 || result_.requests < stop_after_) ask(connection);
  }

  void note(Connection& connection, bool complete, bool closed) {
    const ResponseReader& reader = connection.reader;
    // Between two requests a server may close; the next one is asked on a new connection.
    if (closed && !complete && reader.status() == 0 && connection.answered) return;
    ++result_.requests;
    ++result_.statuses[reader.status()];
    connection.answered = true;
    const bool right_length = plan_.body_bytes == 0 || reader.body_bytes() == plan_.body_bytes;
    if (!complete || reader.status() != 200 || !right_length) ++result_.wrong;
    result_.latency_ns.add(steady_ns() - connection.sent_ns);
  }

  const LoadPlan& plan_;
  Descriptor poll_;
  std::vector<Connection> connections_;
  std::size_t next_ = 0;
  std::uint64_t stop_after_ = 0;
  std::array<epoll_event, 128> events_{};
  std::vector<char> buffer_ = std::vector<char>(kBuffer);
  LoadResult result_;
};

std::uint64_t nanoseconds(double seconds) {
  return static_cast<std::uint64_t>(seconds * 1e9);
}

double per_request_us(std::uint64_t ns, std::uint64_t requests) {
  return requests == 0 ? 0 : static_cast<double>(ns) / 1e3 / static_cast<double>(requests);
}

}  // namespace

double LoadResult::per_second() const {
  return seconds > 0 ? static_cast<double>(requests) / seconds : 0;
}
double LoadResult::cpu_us() const {
  return per_request_us(cpu.total_ns, requests);
}
double LoadResult::user_us() const {
  return per_request_us(cpu.user_ns, requests);
}
double LoadResult::system_us() const {
  return per_request_us(cpu.system_ns, requests);
}

LoadResult run_load(const LoadPlan& plan) {
  Loop loop(plan);
  loop.start();
  loop.run(steady_ns() + nanoseconds(plan.warm_up_s), 0);
  loop.result() = LoadResult{};
  const CpuUse before = plan.server > 0 ? cpu_use(plan.server) : CpuUse{};
  const std::uint64_t start = steady_ns();
  loop.run(start + nanoseconds(plan.seconds), 0);
  LoadResult result = loop.result();
  result.seconds = static_cast<double>(steady_ns() - start) / 1e9;
  if (plan.server > 0) result.cpu = cpu_use(plan.server) - before;
  return result;
}

void warm(const LoadPlan& plan) {
  LoadPlan once = plan;
  once.connections = 8;
  once.order.resize(plan.requests.size());
  std::iota(once.order.begin(), once.order.end(), 0u);
  Loop loop(once);
  loop.start();
  loop.run(~std::uint64_t{0}, once.order.size());
  const LoadResult& result = loop.result();
  if (result.wrong == 0) return;
  std::string seen;
  for (const auto& [status, count] : result.statuses) {
    seen += " " + std::to_string(status) + " (" + std::to_string(count) + " times)";
  }
  throw BenchError("wrong answers from " + plan.endpoint.authority +
                   " while it was warmed up: status" + seen + ", or bodies that have not " +
                   std::to_string(plan.body_bytes) + " bytes");
}

}  // namespace larder::bench
