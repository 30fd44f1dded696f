// SPDX-License-Identifier: Apache-2.0
#include "daemon/bus/bus_socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "conf/base/startup_error.h"

namespace larder {
namespace {

constexpr std::string_view kUnix = "unix:";

tl::unexpected<Error> failure(std::string what) {
  return fail(Error::Code::io, std::move(what));
}

std::string system_text(const char* what) {
  std::array<char, 128> text{};
  return std::string(what) + ": " + ::strerror_r(errno, text.data(), text.size());
}

struct HostPort {
  std::string host, port;
};

/// Of HOST:PORT, as the form of `bus.address` has it.
HostPort host_and_port(std::string_view address) {
  const auto colon = address.rfind(':');
  auto host = address.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return {std::string(host), std::string(address.substr(colon + 1))};
}

bool is_ip(const std::string& host) {
  in6_addr space{};
  return ::inet_pton(AF_INET, host.c_str(), &space) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &space) == 1;
}

std::string tls_text() {
  std::array<char, 160> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

}  // namespace

BusInterrupt::BusInterrupt() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) throw StartupError(system_text("bus: no event descriptor"));
}

BusInterrupt::~BusInterrupt() {
  ::close(descriptor_);
}

void BusInterrupt::raise() noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(::write(descriptor_, &one, sizeof one) == sizeof one);
}

struct BusSocket::Tls {
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{nullptr, SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> session{nullptr, SSL_free};
};

BusSocket::BusSocket(const BusInterrupt& interrupt) : interrupt_(interrupt) {}

BusSocket::~BusSocket() {
  tls_.reset();
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::unique_ptr<BusSocket>> BusSocket::open(const BusConfig& config,
                                                   const BusInterrupt& interrupt,
                                                   MonotonicTime deadline) {
  std::unique_ptr<BusSocket> socket(new BusSocket(interrupt));
  Result<void> done = socket->connect(config, deadline);
  if (done && config.tls) done = socket->begin_tls(config, deadline);
  if (!done) return tl::unexpected<Error>(done.error());
  return socket;
}

Result<void> BusSocket::connect(const BusConfig& config, MonotonicTime deadline) {
  if (config.address.starts_with(kUnix)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = std::string_view(config.address).substr(kUnix.size());
    std::copy_n(path.data(), std::min(path.size(), sizeof address.sun_path - 1), address.sun_path);
    return connect_to(&address, sizeof address, AF_UNIX, deadline);
  }
  const auto [host, port] = host_and_port(config.address);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); code != 0) {
    return failure(host + ": " + ::gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);
  Result<void> done = failure(host + " has no address");
  for (const addrinfo* one = found; one != nullptr && !done; one = one->ai_next) {
    done = connect_to(one->ai_addr, one->ai_addrlen, one->ai_family, deadline);
  }
  return done;
}

Result<void> BusSocket::connect_to(const void* address, unsigned length, int family,
                                   MonotonicTime deadline) {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor_ < 0) return failure(system_text("no socket"));
  const int on = 1;
  if (family != AF_UNIX) {
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(descriptor_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  }
  const auto* to = static_cast<const sockaddr*>(address);
  if (::connect(descriptor_, to, length) == 0) return {};
  if (errno != EINPROGRESS) return failure(system_text("not connected"));
  if (auto ready = wait(POLLOUT, deadline); !ready) return ready;
  int code = 0;
  socklen_t size = sizeof code;
  ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &code, &size);
  errno = code;
  return code == 0 ? Result<void>() : failure(system_text("not connected"));
}

Result<void> BusSocket::begin_tls(const BusConfig& config, MonotonicTime deadline) {
  tls_ = std::make_unique<Tls>();
  tls_->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = tls_->context.get();
  if (context == nullptr) return failure(tls_text());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  const bool trusts = config.ca_file.empty() ? SSL_CTX_set_default_verify_paths(context) == 1
                                             : SSL_CTX_load_verify_locations(
                                                   context, config.ca_file.c_str(), nullptr) == 1;
  if (!trusts) return failure("bus.ca_file cannot be used: " + tls_text());
  tls_->session.reset(SSL_new(context));
  SSL* const session = tls_->session.get();
  if (session == nullptr || SSL_set_fd(session, descriptor_) != 1) return failure(tls_text());
  const std::string host = host_and_port(config.address).host;
  const bool named =
      is_ip(host) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1
                  : SSL_set1_host(session, host.c_str()) == 1 &&
                        SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                                 const_cast<char*>(host.c_str())) == 1;
  if (!named) return failure(tls_text());
  for (;;) {
    ERR_clear_error();
    const int result = SSL_connect(session);
    if (result == 1) return {};
    if (auto ready = wait_for_tls(result, deadline); !ready) return ready;
  }
}

Result<void> BusSocket::wait(short events, MonotonicTime deadline) const {
  for (;;) {
    std::array<pollfd, 2> both{{{descriptor_, events, 0}, {interrupt_.descriptor(), POLLIN, 0}}};
    const std::int64_t left_ms =
        std::clamp<std::int64_t>(deadline.ms - monotonic_now().ms, 0, 60'000);
    const int ready = ::poll(both.data(), both.size(), static_cast<int>(left_ms));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return failure(system_text("poll"));
    if (both[1].revents != 0) return failure("interrupted");
    if (both[0].revents != 0) return {};
    if (left_ms == 0) return failure("no answer in time");
  }
}

Result<void> BusSocket::wait_for_tls(int result, MonotonicTime deadline) {
  switch (SSL_get_error(tls_->session.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return wait(POLLIN, deadline);
    case SSL_ERROR_WANT_WRITE:
      return wait(POLLOUT, deadline);
    case SSL_ERROR_SSL:
      return failure("TLS: " + tls_text());
    default:
      return failure("TLS: the connection was closed");
  }
}

Result<void> BusSocket::write(std::string_view bytes, MonotonicTime deadline) {
  while (!bytes.empty()) {
    std::int64_t written = 0;
    Result<void> ready;
    if (tls_) {
      ERR_clear_error();
      written = SSL_write(tls_->session.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (written <= 0) ready = wait_for_tls(static_cast<int>(written), deadline);
    } else {
      written = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      const bool later = written < 0 && (errno == EAGAIN || errno == EINTR);
      if (later) ready = wait(POLLOUT, deadline);
      if (written < 0 && !later) return failure(system_text("not sent"));
    }
    if (!ready) return ready;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::size_t> BusSocket::read(char* to, std::size_t size, MonotonicTime deadline) {
  for (;;) {
    std::int64_t got = 0;
    Result<void> ready;
    if (tls_) {
      ERR_clear_error();
      got = SSL_read(tls_->session.get(), to, static_cast<int>(size));
      if (got <= 0) ready = wait_for_tls(static_cast<int>(got), deadline);
    } else {
      got = ::recv(descriptor_, to, size, 0);
      if (got == 0) return failure("the connection was closed");
      const bool later = got < 0 && (errno == EAGAIN || errno == EINTR);
      if (later) ready = wait(POLLIN, deadline);
      if (got < 0 && !later) return failure(system_text("not received"));
    }
    if (!ready) return tl::unexpected<Error>(ready.error());
    if (got > 0) return static_cast<std::size_t>(got);
  }
}

}  // namespace larder
