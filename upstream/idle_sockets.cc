// SPDX-License-Identifier: Apache-2.0
#include "upstream/idle_sockets.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cerrno>

#include "conf/base/check.h"

namespace larder {

IdleSockets::IdleSockets() : poll_(::epoll_create1(EPOLL_CLOEXEC)) {
  LARDER_CHECK(poll_.get() >= 0);
}

void IdleSockets::add(int socket) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = socket;
  if (watched_.contains(socket)) return;
  if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, socket, &event) == 0) {
    watched_.insert(socket);
  } else if (errno != EBADF) {
    unwatched_.insert(socket);
  }
}

void IdleSockets::remove(int socket) {
  unwatched_.erase(socket);
  if (watched_.erase(socket) != 0) ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, socket, nullptr);
}

/// Takes what has come, if anything but the end, and ends the connection: libcurl then sees that it
/// is dead instead of reading on behind it.
std::size_t IdleSockets::empty(int socket) {
  std::array<char, 4'096> bytes;
  std::size_t total = 0;
  for (;;) {
    const auto count = ::recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count <= 0) return total;
    if (total == 0) ::shutdown(socket, SHUT_RDWR);
    total += static_cast<std::size_t>(count);
  }
}

bool IdleSockets::any_has_bytes() {
  strays_.clear();
  if (!unwatched_.empty()) return true;
  if (watched_.empty()) return false;
  std::array<epoll_event, 16> ready{};
  int count = 0;
  do {
    count = ::epoll_wait(poll_.get(), ready.data(), static_cast<int>(ready.size()), 0);
    for (int i = 0; i < count; ++i) {
      const int socket = ready[static_cast<std::size_t>(i)].data.fd;
      if (const auto bytes = empty(socket); bytes > 0) strays_.push_back({socket, bytes});
      remove(socket);
    }
  } while (count == static_cast<int>(ready.size()));
  return !strays_.empty();
}

}  // namespace larder
