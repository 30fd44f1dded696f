// SPDX-License-Identifier: Apache-2.0
#include "bench/load/herd_round.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "bench/load/response_reader.h"
#include "bench/load/socket.h"
#include "bench/run/command.h"
#include "bench/run/steady_clock.h"

namespace larder::bench {
namespace {

/// The kernel connects before the server accepts: time for it to do so.
constexpr std::chrono::milliseconds kSettle{100};
constexpr std::size_t kBuffer = 256 * 1024;

struct Client {
  Descriptor socket;
  ResponseReader reader{true};
  std::uint64_t sent_ns = 0;
  HerdClient seen;
};

class Herd {
 public:
  explicit Herd(const HerdPlan& plan) : plan_(plan), poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    clients_.resize(plan.clients);
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      check_interrupted();
      clients_[i].socket = connect_to(plan.endpoint);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, clients_[i].socket.get(), &event);
    }
    std::this_thread::sleep_for(kSettle);
  }

  std::vector<HerdClient> run() {
    const std::uint64_t patience_ns =
        static_cast<std::uint64_t>(plan_.patience.count()) * 1'000'000'000;
    const std::uint64_t give_up = steady_ns() + patience_ns;
    std::size_t asked = plan_.join_after ? 1 : clients_.size();
    ask(0, asked);
    const std::uint64_t join =
        steady_ns() + (plan_.join_after ? nanoseconds(*plan_.join_after) : 0);
    while (left_ > 0) {
      check_interrupted();
      const std::uint64_t now = steady_ns();
      if (now > give_up) break;
      if (asked < clients_.size() && now >= join) {
        ask(asked, clients_.size());
        asked = clients_.size();
      }
      wait(asked < clients_.size() ? 1 : 100);
    }
    return results();
  }

 private:
  static std::uint64_t nanoseconds(std::chrono::milliseconds span) {
    return static_cast<std::uint64_t>(span.count()) * 1'000'000;
  }

  void ask(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      clients_[i].sent_ns = steady_ns();
      send_all(clients_[i].socket, plan_.request);
    }
  }

  /// The time of a batch is when it was reported, not when its turn came: the clients of a real
  /// herd do not wait for each other.
  void wait(int timeout_ms) {
    const int count =
        ::epoll_wait(poll_.get(), events_.data(), static_cast<int>(events_.size()), timeout_ms);
    const std::uint64_t now = steady_ns();
    for (int i = 0; i < count; ++i)
      read(clients_[events_[static_cast<std::size_t>(i)].data.u64], now);
  }

  void read(Client& client, std::uint64_t now) {
    const ssize_t got = ::recv(client.socket.get(), buffer_.data(), buffer_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (client.sent_ns == 0) return end(client, false);  // closed before it asked
    if (got > 0 && client.seen.first_byte_ns == 0) client.seen.first_byte_ns = now - client.sent_ns;
    if (got > 0) client.seen.last_byte_ns = now - client.sent_ns;
    auto progress = ResponseReader::Progress::broken;
    if (got == 0) progress = client.reader.end();
    if (got > 0) progress = client.reader.feed({buffer_.data(), static_cast<std::size_t>(got)});
    if (progress != ResponseReader::Progress::more) {
      end(client, progress == ResponseReader::Progress::done);
    }
  }

  void end(Client& client, bool complete) {
    client.seen.complete = complete;
    ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, client.socket.get(), nullptr);
    --left_;
  }

  std::vector<HerdClient> results() {
    std::vector<HerdClient> all;
    for (Client& client : clients_) {
      client.seen.status = client.reader.status();
      client.seen.body_bytes = client.reader.body_bytes();
      client.seen.body_hash = client.reader.body_hash();
      all.push_back(client.seen);
    }
    return all;
  }

  const HerdPlan& plan_;
  Descriptor poll_;
  std::vector<Client> clients_;
  std::size_t left_ = plan_.clients;
  std::vector<epoll_event> events_{plan_.clients};
  std::vector<char> buffer_ = std::vector<char>(kBuffer);
};

}  // namespace

std::vector<HerdClient> run_herd(const HerdPlan& plan) {
  return Herd(plan).run();
}

}  // namespace larder::bench
