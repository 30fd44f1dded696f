// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string_view>

#include "bench/load/socket.h"
#include "bench/peers/limit_server.h"

namespace larder::bench {
namespace {

struct Client {
  Descriptor socket;
  const std::string* answer = nullptr;  ///< under way
  std::size_t sent = 0;
  bool waits_to_send = false;
};

class Server {
 public:
  Server(int listening, const PrebuiltAnswers& answers)
      : listening_(listening), answers_(answers), poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    watch(EPOLL_CTL_ADD, listening, EPOLLIN, nullptr);
  }

  void run() {
    while (true) {
      const int count =
          ::epoll_wait(poll_.get(), events_.data(), static_cast<int>(events_.size()), -1);
      for (int i = 0; i < count; ++i) {
        auto* const client = static_cast<Client*>(events_[static_cast<std::size_t>(i)].data.ptr);
        if (client == nullptr) {
          accept();
        } else if (client->waits_to_send ? !send(*client) : !read(*client)) {
          delete client;
        }
      }
    }
  }

 private:
  void watch(int operation, int descriptor, std::uint32_t events, Client* client) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = client;
    ::epoll_ctl(poll_.get(), operation, descriptor, &event);
  }

  void accept() {
    const int descriptor = ::accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(EPOLL_CTL_ADD, descriptor, EPOLLIN, new Client{Descriptor(descriptor)});
  }

  /// False = the client is gone.
  bool read(Client& client) {
    const ssize_t got = ::read(client.socket.get(), buffer_.data(), buffer_.size());
    if (got <= 0) return got < 0 && errno == EAGAIN;
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    if (bytes.find("\r\n\r\n") == std::string_view::npos) return true;
    client.answer = &answers_.to(bytes);
    client.sent = 0;
    return send(client);
  }

  bool send(Client& client) {
    const int descriptor = client.socket.get();
    const ssize_t taken = ::write(descriptor, client.answer->data() + client.sent,
                                  client.answer->size() - client.sent);
    if (taken < 0 && errno != EAGAIN) return false;
    if (taken > 0) client.sent += static_cast<std::size_t>(taken);
    const bool waits = client.sent < client.answer->size();
    if (waits != client.waits_to_send)
      watch(EPOLL_CTL_MOD, descriptor, waits ? EPOLLOUT : EPOLLIN, &client);
    client.waits_to_send = waits;
    return true;
  }

  int listening_;
  const PrebuiltAnswers& answers_;
  Descriptor poll_;
  std::array<epoll_event, 1'024> events_{};
  std::array<char, kLimitReadBuffer> buffer_{};
};

}  // namespace

void serve_with_epoll(int listening, const PrebuiltAnswers& answers) {
  std::make_unique<Server>(listening, answers)->run();
}

}  // namespace larder::bench
