// SPDX-License-Identifier: Apache-2.0
#include "bench/load/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "bench/run/command.h"

namespace larder::bench {
namespace {

constexpr timeval kPatience{10, 0};
constexpr int kBacklog = 4'096;

[[noreturn]] void fail(const std::string& what) {
  throw BenchError(what + ": " + std::strerror(errno));
}

Descriptor open_socket(const Endpoint& endpoint) {
  Descriptor socket(::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) fail("no socket");
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  return socket;
}

bool try_connect(const Descriptor& socket, const Endpoint& endpoint) {
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&endpoint.address),
                   endpoint.length) == 0;
}

Descriptor connect_blocking(const Endpoint& endpoint) {
  Descriptor socket = open_socket(endpoint);
  if (!try_connect(socket, endpoint)) fail("cannot connect to " + endpoint.authority);
  return socket;
}

}  // namespace

Descriptor::~Descriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Descriptor connect_to(const Endpoint& endpoint) {
  Descriptor socket = connect_blocking(endpoint);
  ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
  return socket;
}

bool accepts(const Endpoint& endpoint) {
  return try_connect(open_socket(endpoint), endpoint);
}

Descriptor listen_on_loopback(std::uint16_t& port) {
  Endpoint endpoint = loopback(port);
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  auto* const address = reinterpret_cast<sockaddr*>(&endpoint.address);
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.get(), address, endpoint.length) != 0 ||
      ::listen(socket.get(), kBacklog) != 0 ||
      ::getsockname(socket.get(), address, &endpoint.length) != 0) {
    fail("cannot listen on " + endpoint.authority);
  }
  port = ntohs(reinterpret_cast<sockaddr_in*>(&endpoint.address)->sin_port);
  return socket;
}

bool try_send_all(const Descriptor& socket, std::string_view request) {
  const ssize_t sent = ::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
  if (sent == static_cast<ssize_t>(request.size())) return true;
  if (sent >= 0) throw BenchError("the server's socket does not even take a request");
  if (errno == EPIPE || errno == ECONNRESET) return false;
  fail("cannot send");
}

void send_all(const Descriptor& socket, std::string_view request) {
  if (!try_send_all(socket, request)) fail("cannot send");
}

Answer exchange(const Endpoint& endpoint, std::string_view method, std::string_view target,
                std::string_view body) {
  const Descriptor socket = connect_blocking(endpoint);
  std::string request(method);
  request.append(" ").append(target).append(" HTTP/1.1\r\nHost: ").append(endpoint.authority);
  request.append("\r\nConnection: close\r\nContent-Length: ").append(std::to_string(body.size()));
  request.append("\r\n\r\n").append(body);
  send_all(socket, request);
  std::string text;
  std::array<char, 16 * 1024> buffer;
  while (true) {
    const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) fail("no answer from " + endpoint.authority);
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos || text.size() < 12 || !text.starts_with("HTTP/1.1 ")) {
    throw BenchError("no HTTP answer from " + endpoint.authority);
  }
  return {std::atoi(text.c_str() + 9), text.substr(end + 4)};
}

}  // namespace larder::bench
