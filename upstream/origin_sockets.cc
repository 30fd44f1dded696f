// SPDX-License-Identifier: Apache-2.0
#include "upstream/origin_sockets.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cstring>

#include "conf/address_range.h"
#include "conf/base/check.h"
#include "conf/base/fd.h"
#include "upstream/host.h"

namespace larder {
namespace {

/// No origin lives there unless the operator says so, but a poisoned DNS answer may point there.
bool is_private(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    std::array<std::uint8_t, 4> octets{};
    std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in*>(address)->sin_addr,
                octets.size());
    return is_private_address(octets);
  }
  if (address->sa_family != AF_INET6) return true;
  return is_private_address(reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr.s6_addr);
}

/// `of`: getsockname() or getpeername(). 0 = no port.
int port_of(int socket, int (*of)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (of(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  if (address.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  return 0;
}

/// What a TLS origin's farewell takes at most: an alert. Anything else that came is longer.
constexpr std::size_t kMaxFarewellBytes = 64;

}  // namespace

struct OriginSockets::Socket {
  OriginSockets* all = nullptr;
  curl_socket_t number = CURL_SOCKET_BAD;
  bool opened_here = false;
  bool connecting = false;
  bool connected = false;  ///< so its end is told here, if it was opened here
  Host* host = nullptr;    ///< once it has served a transfer
  int origin_port = 0;     ///< both ports once they are known
  int local_port = 0;
  CURL* user = nullptr;  ///< whom libcurl last waited for
  int wanted = 0;        ///< of UV_READABLE, UV_WRITABLE, by libcurl
  int polled = 0;        ///< by libuv
  UvHandle<uv_poll_t> poll;

  /// Left as it is where libcurl wants nothing: it will most likely want the same again.
  void want(int events) {
    wanted = events;
    auto* handle = reinterpret_cast<uv_handle_t*>(poll.get());
    if (events == 0) return uv_unref(handle);
    uv_ref(handle);
    if (events != polled) uv_poll_start(poll.get(), events, on_readiness);
    polled = events;
  }
  bool has_ports(int origin, int local) {
    if (local_port == 0) {
      local_port = port_of(number, ::getsockname);
      origin_port = port_of(number, ::getpeername);
    }
    return local_port == local && origin_port == origin;
  }
  void stop() {
    uv_poll_stop(poll.get());
    polled = 0;
  }
};

OriginSockets::OriginSockets(uv_loop_t* loop, bool private_too, void* owner, Ready ready)
    : loop_(loop), private_too_(private_too), owner_(owner), ready_(ready) {}

OriginSockets::~OriginSockets() = default;

void OriginSockets::serve(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
}

curl_socket_t OriginSockets::on_open(void* self, curlsocktype, curl_sockaddr* address) noexcept {
  auto* all = static_cast<OriginSockets*>(self);
  if (!all->private_too_ && is_private(&address->addr)) return CURL_SOCKET_BAD;
  // libcurl owns it from here on, and ends it through on_close().
  Fd socket(::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol));
  if (socket) {
    all->sockets_.erase(socket.get());
    all->socket_of(socket.get()).opened_here = true;
  }
  return socket.release();
}

OriginSockets::Chosen OriginSockets::choose(int origin_port, int local_port, bool tls) {
  for (const auto& [number, socket] : sockets_) {
    if (!socket->opened_here || !socket->has_ports(origin_port, local_port)) continue;
    if (tls && socket->host == nullptr) return {number, false};
    char byte = 0;
    return {number, ::recv(number, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0};
  }
  return {};
}

int OriginSockets::on_close(void* self, curl_socket_t socket) noexcept {
  auto* all = static_cast<OriginSockets*>(self);
  all->idle_.remove(socket);
  all->sockets_.erase(socket);  // stops polling at once
  return ::close(socket);
}

OriginSockets::Socket& OriginSockets::socket_of(curl_socket_t number) {
  auto& place = sockets_[number];
  if (place) return *place;
  place = std::make_unique<Socket>();
  place->all = this;
  place->number = number;
  return *place;
}

/// Only a connection that was made is kept: the resolver's sockets, and those that libcurl has
/// given up while they connected, are closed unseen (the latter until libcurl 8).
void OriginSockets::forget(curl_socket_t number) {
  const auto found = sockets_.find(number);
  if (found == sockets_.end()) return;
  Socket& socket = *found->second;
  if (!socket.opened_here || !socket.connected) {
    sockets_.erase(found);
  } else if (socket.poll) {
    socket.want(0);
  }
}

void OriginSockets::watch(CURL* easy, curl_socket_t number, int what) {
  if (what == CURL_POLL_REMOVE) return forget(number);
  idle_.remove(number);
  Socket& socket = socket_of(number);
  socket.user = easy;
  // What connects waits for OUT alone, what has connected for IN; the resolver for IN alone.
  if ((what & CURL_POLL_OUT) != 0) socket.connecting = true;
  if ((what & CURL_POLL_IN) != 0 && socket.connecting) socket.connected = true;
  if (!socket.poll) {
    auto poll = std::make_unique<uv_poll_t>();
    if (uv_poll_init_socket(loop_, poll.get(), number) != 0) return;  // meets its timeout
    poll->data = &socket;
    socket.poll.reset(poll.release());
  }
  socket.want(((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
              ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0));
}

void OriginSockets::on_readiness(uv_poll_t* poll, int status, int events) noexcept {
  auto* socket = static_cast<Socket*>(poll->data);
  // Bytes that nobody waits for: they stay, and are looked at before the next transfer.
  if (socket->wanted == 0) return socket->stop();
  if (status < 0) socket->polled = 0;  // libuv has stopped
  int flags = status < 0 ? CURL_CSELECT_ERR : 0;
  if ((events & UV_READABLE) != 0) flags |= CURL_CSELECT_IN;
  if ((events & UV_WRITABLE) != 0) flags |= CURL_CSELECT_OUT;
  socket->all->ready_(socket->all->owner_, socket->number, flags);
}

bool OriginSockets::any_idle_has_bytes() {
  strayed_.clear();
  const bool any = idle_.any_has_bytes();
  for (const auto& stray : idle_.strays()) {
    const auto found = sockets_.find(stray.socket);
    if (found == sockets_.end() || found->second->host == nullptr) continue;
    Host* const host = found->second->host;
    if (host->name().starts_with("https:") && stray.bytes <= kMaxFarewellBytes) continue;
    strayed_.push_back(host);
  }
  return any;
}

void OriginSockets::note_idle(curl_socket_t number, CURL* easy, Host& host) {
  if (number < 0) return;
  Socket& socket = socket_of(number);  // a new one where libcurl never had to wait for an answer
  if (socket.user != nullptr && socket.user != easy) return;
  socket.user = nullptr;
  socket.host = &host;
  socket.opened_here = socket.connected = true;
  idle_.add(number);
}

}  // namespace larder
