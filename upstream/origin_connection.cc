// SPDX-License-Identifier: Apache-2.0
#include "upstream/origin_connection.h"

#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "conf/base/check.h"
#include "upstream/curl_options.h"

namespace larder {
namespace {

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

/// An idle connection that a firewall has forgotten is found out after the sum of these.
constexpr int kKeepAliveIdleS = 15;
constexpr int kKeepAliveIntervalS = 5;

void set_socket_option(int socket, int level, int name, int value) {
  ::setsockopt(socket, level, name, &value, sizeof value);
}

const std::string& reached_url(const UpstreamConfig& config, const std::string& base) {
  return config.proxy.url.empty() ? base : config.proxy.url;
}

}  // namespace

ConnectionShare::ConnectionShare() : share_(curl_share_init()) {
  LARDER_CHECK(share_ != nullptr);
  curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

OriginConnection::OriginConnection(uv_loop_t* loop, const ConnectionShare& share, AddressBook& book,
                                   std::shared_ptr<const UpstreamConfig> config, std::string base,
                                   MonotonicTime now)
    : loop_(loop),
      config_(std::move(config)),
      base_(std::move(base)),
      tls_(base_.starts_with("https:") || config_->proxy.url.starts_with("https:")),
      made_(now),
      book_(book),
      endpoint_(endpoint_of(reached_url(*config_, base_))),
      name_(endpoint_.is_literal ? "" : endpoint_.host),
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
  set_way_options(easy, *config_);
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
  LARDER_CHECK(user_ != nullptr && !connecting_ && !looking_up_ && !poll_);
  timer_ = make_timer(loop_, this);
  if (name_.empty()) return begin_connecting(made_);
  looking_up_ = true;
  uv_timer_start(timer_.get(), on_timeout, static_cast<std::uint64_t>(config_->connect_timeout_ms),
                 0);
  book_.want(name_, config_->dns_cache_s, *this);
}

void OriginConnection::on_addresses(const std::vector<std::string>& addresses,
                                    const std::string& error) {
  looking_up_ = false;
  if (addresses.empty()) {
    return fail_to_connect({config_->proxy.url.empty() ? OriginCause::dns : OriginCause::proxy,
                            "its name cannot be looked up (" + error + "): " + name_});
  }
  std::string entry = name_ + ":" + std::to_string(endpoint_.port) + ":";
  for (const auto& address : addresses) {
    if (entry.back() != ':') entry += ',';
    entry += address.find(':') == std::string::npos ? address : "[" + address + "]";
  }
  addresses_.reset(curl_slist_append(nullptr, entry.c_str()));
  curl_easy_setopt(easy_.get(), CURLOPT_RESOLVE, addresses_.get());
  begin_connecting(monotonic_now());
}

/// Looking the name up has taken its part of the time for connecting.
void OriginConnection::begin_connecting(MonotonicTime now) {
  const auto left = std::max<Milliseconds>(1, config_->connect_timeout_ms - (now.ms - made_.ms));
  curl_easy_setopt(easy_.get(), CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(left));
  connecting_ = true;
  const auto code = curl_multi_add_handle(multi_.get(), easy_.get());  // asks for the timer
  LARDER_CHECK(code == CURLM_OK);
}

void OriginConnection::fail_to_connect(const OriginError& error) {
  looking_up_ = false;
  book_.leave(*this);
  timer_.reset();
  user_->on_connect_failed(*this, error);
}

curl_socket_t OriginConnection::on_open(void* self, curlsocktype, curl_sockaddr* address) noexcept {
  auto* connection = static_cast<OriginConnection*>(self);
  const UpstreamConfig& config = *connection->config_;
  if (!may_connect(config, address->addr)) {
    connection->private_refused_ = true;
    return CURL_SOCKET_BAD;
  }
  const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket < 0) return CURL_SOCKET_BAD;
  set_socket_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_socket_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleS);
  set_socket_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalS);
  // What is sent, a probe too, is acknowledged within this, or the connection ends.
  set_socket_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT,
                    static_cast<int>(config.connect_timeout_ms));
  return socket;
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
  auto* self = static_cast<OriginConnection*>(timer->data);
  if (!self->looking_up_) return self->act(CURL_SOCKET_TIMEOUT, 0);
  self->fail_to_connect({OriginCause::dns, "looking up its name took too long: " + self->name_});
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
  if (!name_.empty()) peer_ = peer_address();
  poll->data = this;
  poll_.reset(poll.release());
  set_user(*user_, idle_);
  user_->on_connected(*this);
}

std::string OriginConnection::peer_address() const {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  std::array<char, NI_MAXHOST> text{};
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::getpeername(socket_, generic, &length) != 0 ||
      ::getnameinfo(generic, length, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
    return {};
  }
  return text.data();
}

void OriginConnection::stop() {
  if (looking_up_) book_.leave(*this);
  looking_up_ = connecting_ = false;
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
  auto cause = cause_of(code);
  const bool of_the_way = cause == OriginCause::connect || cause == OriginCause::dns;
  if (of_the_way && !config_->proxy.url.empty()) cause = OriginCause::proxy;
  return {cause, cause == OriginCause::timed_out ? "took too long to connect: " + text : text};
}

}  // namespace larder
