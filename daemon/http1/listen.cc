// SPDX-License-Identifier: Apache-2.0
#include "daemon/http1/listen.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <utility>

#include "conf/base/startup_error.h"

namespace larder {
namespace {

constexpr int kBacklog = 1024;

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
  const int error = errno;
  std::string remedy;
  if (error == EADDRINUSE)
    remedy = "; another process listens there: stop it or choose another address";
  if (error == EACCES)
    remedy = "; ports below 1024 and foreign directories need socket activation or a right";
  if (error == EADDRNOTAVAIL) remedy = "; this host has no such address";
  throw StartupError("cannot listen on " + name + ": " + what + ": " + std::strerror(error) +
                     remedy);
}

std::string name_of(const ListenAddress& address, std::uint16_t port) {
  if (address.family == ListenAddress::Family::unix_socket) return "unix:" + address.host;
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(port);
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

SocketAddress tcp_address(const ListenAddress& address) {
  SocketAddress made;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&made.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&made.storage);
  if (inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    made.length = sizeof *v4;
  } else if (inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    made.length = sizeof *v6;
  } else {
    throw StartupError("cannot listen on " + address.host + ": not an IP address");
  }
  return made;
}

std::uint16_t port_of(int descriptor) {
  SocketAddress bound;
  bound.length = sizeof bound.storage;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound.storage), &bound.length);
  return bound.storage.ss_family == AF_INET6
             ? ntohs(reinterpret_cast<sockaddr_in6*>(&bound.storage)->sin6_port)
             : ntohs(reinterpret_cast<sockaddr_in*>(&bound.storage)->sin_port);
}

Fd open_tcp(const ListenAddress& address) {
  const auto to = tcp_address(address);
  const auto name = name_of(address, address.port);
  Fd socket(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) refuse(name, "socket");
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (to.storage.ss_family == AF_INET6)
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&to.storage), to.length) != 0)
    refuse(name, "bind");
  if (::listen(socket.get(), kBacklog) != 0) refuse(name, "listen");
  return socket;
}

/// Another process's larder would answer on a port that SO_REUSEPORT lets us share with it, so ask
/// first without that option.
void refuse_shared_port(const ListenAddress& address) {
  if (address.port == 0) return;
  const auto to = tcp_address(address);
  const Fd probe(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe) return;
  const int on = 1;
  ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (to.storage.ss_family == AF_INET6)
    ::setsockopt(probe.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(probe.get(), reinterpret_cast<const sockaddr*>(&to.storage), to.length) != 0)
    refuse(name_of(address, address.port), "bind");
}

Fd open_unix(const ListenAddress& address, unsigned mode) {
  const auto name = name_of(address, 0);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (address.host.size() >= sizeof to.sun_path)
    throw StartupError("cannot listen on " + name + ": path is too long");
  std::memcpy(to.sun_path, address.host.c_str(), address.host.size() + 1);
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) refuse(name, "socket");
  struct stat there {};
  if (::lstat(address.host.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode))
      throw StartupError("cannot listen on " + name + ": a file that is no socket is in the way");
    // A full backlog (EAGAIN) is somebody's as well.
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ||
        errno == EAGAIN) {
      errno = EADDRINUSE;
      refuse(name, "connect");
    }
    ::unlink(address.host.c_str());  // left behind by a process that was killed
  }
  const auto old_mask = ::umask(0777 & ~mode);
  const int bound = ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to);
  ::umask(old_mask);
  if (bound != 0) refuse(name, "bind");
  if (::listen(socket.get(), kBacklog) != 0) refuse(name, "listen");
  return socket;
}

}  // namespace

std::string name_of(const ListenAddress& address) {
  return name_of(address, address.port);
}

std::vector<ListeningSocket> listen_on(const ListenerConfig& listener, std::size_t copies,
                                       unsigned mode) {
  std::vector<ListeningSocket> sockets;
  if (listener.address.family == ListenAddress::Family::unix_socket) {
    const auto name = name_of(listener.address, 0);
    Fd first = open_unix(listener.address, mode);
    for (std::size_t i = 1; i < copies; ++i) {
      Fd copy(::fcntl(first.get(), F_DUPFD_CLOEXEC, 0));
      if (!copy) refuse(name, "dup");
      sockets.emplace_back(std::move(copy), listener, name);
    }
    sockets.emplace_back(std::move(first), listener, name);
    return sockets;
  }
  refuse_shared_port(listener.address);
  auto address = listener.address;
  for (std::size_t i = 0; i < copies; ++i) {
    Fd socket = open_tcp(address);
    address.port = port_of(socket.get());
    sockets.emplace_back(std::move(socket), listener, name_of(address, address.port));
  }
  return sockets;
}

}  // namespace larder
