// SPDX-License-Identifier: Apache-2.0
#include "upstream/origin_connection.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cstring>
#include <utility>

#include "conf/address_range.h"
#include "conf/base/check.h"

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

/// What kept libcurl from making a connection.
OriginCause cause_of(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return OriginCause::dns;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
      return OriginCause::proxy;
    case CURLE_OPERATION_TIMEDOUT:
      return OriginCause::timed_out;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED:
      return OriginCause::tls;
    default:
      return OriginCause::connect;
  }
}

}  // namespace

ConnectionShare::ConnectionShare() : share_(curl_share_init()) {
  LARDER_CHECK(share_ != nullptr);
  curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
  curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

OriginConnection::OriginConnection(uv_loop_t* loop, const ConnectionShare& share,
                                   std::shared_ptr<const UpstreamConfig> config, std::string base,
                                   MonotonicTime now)
    : loop_(loop),
      config_(std::move(config)),
      base_(std::move(base)),
      tls_(base_.starts_with("https:")),
      made_(now),
      multi_(curl_multi_init()),
      easy_(curl_easy_init()) {
  LARDER_CHECK(multi_ != nullptr && easy_ != nullptr);
  curl_easy_setopt(easy_.get(), CURLOPT_SHARE, share.get());
  set_options();
  CURLM* multi = multi_.get();
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer_wish);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
}

OriginConnection::~OriginConnection() {
  stop();  // libcurl closes the socket here: the loop must have let go of it
  curl_multi_remove_handle(multi_.get(), easy_.get());
  // What libcurl closes only now still calls on_close().
  easy_.reset();
  multi_.reset();
}

void OriginConnection::set_options() {
  CURL* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_URL, base_.c_str());
  curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, config_->allow_plain_http ? "http,https" : "https");
  // larder speaks HTTP/1.1 to origins; nothing else is offered in TLS.
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!config_->ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, config_->ca_file.c_str());
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // Else ending a connection that looks up its name waits for the resolver, and with it the loop.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(config_->connect_timeout_ms));
  curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, static_cast<long>(config_->dns_cache_s));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 65'536L);  // also what receive() gives at most
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text_);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
}

void OriginConnection::set_user(OriginConnectionUser& user, bool idle) {
  user_ = &user;
  idle_ = idle;
  if (!poll_) return;
  auto* handle = reinterpret_cast<uv_handle_t*>(poll_.get());
  idle ? uv_unref(handle) : uv_ref(handle);
}

void OriginConnection::connect() {
  LARDER_CHECK(user_ != nullptr && !connecting_ && !poll_);
  connecting_ = true;
  timer_ = make_timer(loop_, this);
  const auto code = curl_multi_add_handle(multi_.get(), easy_.get());  // asks for the timer
  LARDER_CHECK(code == CURLM_OK);
}

curl_socket_t OriginConnection::on_open(void* self, curlsocktype, curl_sockaddr* address) noexcept {
  auto* connection = static_cast<OriginConnection*>(self);
  if (!connection->config_->allow_private_addresses && is_private(&address->addr)) {
    connection->private_refused_ = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int OriginConnection::on_close(void* self, curl_socket_t socket) noexcept {
  static_cast<OriginConnection*>(self)->attempts_.erase(socket);  // stops polling at once
  return ::close(socket);
}

int OriginConnection::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept {
  static_cast<OriginConnection*>(self)->watch_attempt(socket, what);
  return 0;
}

void OriginConnection::watch_attempt(curl_socket_t socket, int what) {
  if (!connecting_) return;
  if (what == CURL_POLL_REMOVE) {
    attempts_.erase(socket);
    return;
  }
  auto& attempt = attempts_[socket];
  if (!attempt) {
    auto poll = std::make_unique<uv_poll_t>();
    if (uv_poll_init_socket(loop_, poll.get(), socket) != 0) {
      attempts_.erase(socket);  // libcurl's time limit ends it
      return;
    }
    attempt = std::make_unique<Attempt>();
    attempt->connection = this;
    attempt->socket = socket;
    poll->data = attempt.get();
    attempt->poll.reset(poll.release());
  }
  const int events = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                     ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
  uv_poll_start(attempt->poll.get(), events, on_attempt_ready);
}

int OriginConnection::on_timer_wish(CURLM*, long timeout_ms, void* self) noexcept {
  auto* connection = static_cast<OriginConnection*>(self);
  if (!connection->connecting_ || !connection->timer_) return 0;
  if (timeout_ms < 0) {
    uv_timer_stop(connection->timer_.get());
  } else {
    uv_timer_start(connection->timer_.get(), on_timeout, static_cast<std::uint64_t>(timeout_ms), 0);
  }
  return 0;
}

void OriginConnection::on_timeout(uv_timer_t* timer) noexcept {
  static_cast<OriginConnection*>(timer->data)->act(CURL_SOCKET_TIMEOUT, 0);
}

void OriginConnection::on_attempt_ready(uv_poll_t* poll, int status, int events) noexcept {
  const auto* attempt = static_cast<Attempt*>(poll->data);
  int flags = status < 0 ? CURL_CSELECT_ERR : 0;
  if ((events & UV_READABLE) != 0) flags |= CURL_CSELECT_IN;
  if ((events & UV_WRITABLE) != 0) flags |= CURL_CSELECT_OUT;
  attempt->connection->act(attempt->socket, flags);
}

void OriginConnection::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_.get(), socket, events, &running);
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
  if (message != nullptr && message->msg == CURLMSG_DONE) finish_connecting(message->data.result);
}  // may have destroyed this

void OriginConnection::finish_connecting(CURLcode code) {
  connecting_ = false;
  attempts_.clear();
  timer_.reset();
  if (code != CURLE_OK) return user_->on_connect_failed(*this, error_of(code));
  curl_easy_getinfo(easy_.get(), CURLINFO_ACTIVESOCKET, &socket_);
  auto poll = std::make_unique<uv_poll_t>();
  if (socket_ == CURL_SOCKET_BAD || uv_poll_init_socket(loop_, poll.get(), socket_) != 0) {
    return user_->on_connect_failed(*this, error_of(CURLE_COULDNT_CONNECT));
  }
  poll->data = this;
  poll_.reset(poll.release());
  set_user(*user_, idle_);
  user_->on_connected(*this);
}

void OriginConnection::stop() {
  connecting_ = false;
  attempts_.clear();
  timer_.reset();
  poll_.reset();
  user_ = nullptr;
}

void OriginConnection::want(bool readable, bool writable) {
  const int events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
  if (!poll_ || events == wanted_) return;
  wanted_ = events;
  if (events == 0) {
    uv_poll_stop(poll_.get());
  } else {
    uv_poll_start(poll_.get(), events, on_poll);
  }
}

void OriginConnection::on_poll(uv_poll_t* poll, int status, int events) noexcept {
  auto* self = static_cast<OriginConnection*>(poll->data);
  if (status < 0) {
    self->wanted_ = 0;  // libuv has stopped
    self->broken_ = true;
  }
  self->user_->on_ready(*self, self->broken_ || (events & UV_READABLE) != 0,
                        self->broken_ || (events & UV_WRITABLE) != 0);
}  // may have destroyed it

OriginConnection::Received OriginConnection::receive(std::span<char> into) {
  std::size_t count = 0;
  const auto code = curl_easy_recv(easy_.get(), into.data(), into.size(), &count);
  if (code == CURLE_AGAIN) return {Received::What::none, 0};
  if (code != CURLE_OK) return {Received::What::broken, 0};
  return count == 0 ? Received{Received::What::end, 0} : Received{Received::What::bytes, count};
}

Result<std::size_t> OriginConnection::send(std::string_view bytes) {
  std::size_t count = 0;
  const auto code = curl_easy_send(easy_.get(), bytes.data(), bytes.size(), &count);
  if (code == CURLE_AGAIN) return std::size_t{0};
  if (code != CURLE_OK) return fail(Error::Code::io, curl_easy_strerror(code));
  return count;
}

bool OriginConnection::has_unacknowledged() const {
  int bytes = 0;
  return ::ioctl(socket_, SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

OriginError OriginConnection::error_of(CURLcode code) const {
  if (private_refused_) {
    return {OriginCause::private_address,
            "its address is private; set allow_private_addresses = true in [upstream] to allow it"};
  }
  const std::string text = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
  const auto cause = cause_of(code);
  return {cause, cause == OriginCause::timed_out ? "took too long to connect: " + text : text};
}

}  // namespace larder
