// SPDX-License-Identifier: Apache-2.0
#include "upstream/transfer.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "conf/base/check.h"

namespace larder {
namespace {

void set_safety_options(CURL* easy, const UpstreamConfig& config) {
  const char* protocols = config.allow_plain_http ? "http,https" : "https";
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!config.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, config.ca_file.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(easy, CURLOPT_UNRESTRICTED_AUTH, 0L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);  // stored encoded: no gzip bombs
}

void set_time_options(CURL* easy, const UpstreamConfig& config) {
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(config.connect_timeout_ms));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(config.total_timeout_ms));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(config.low_speed_bytes_per_s));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(config.low_speed_time_s));
  curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, static_cast<long>(config.dns_cache_s));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
}

constexpr const char* kTooEarly = "an answer came before the request";

Error error_of(CURLcode code, const std::string& host) {
  const std::string text = curl_easy_strerror(code);
  if (code == CURLE_ABORTED_BY_CALLBACK) {
    return {Error::Code::unavailable, "origin " + host + ": " + kTooEarly};
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return {Error::Code::timed_out, "origin " + host + " took too long: " + text};
  }
  return {Error::Code::unavailable, "origin " + host + ": " + text};
}

constexpr std::size_t kMaxUntoldBytes = 128 * 1024;

}  // namespace

EasyHandle make_easy(const UpstreamConfig& config) {
  EasyHandle easy(curl_easy_init());
  LARDER_CHECK(easy != nullptr);
  set_safety_options(easy.get(), config);
  set_time_options(easy.get(), config);
  // One request at a time on each connection (see CurlLoop). Nothing else is offered in TLS either.
  curl_easy_setopt(easy.get(), CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  // Chunks are read by ChunkDecoder.
  curl_easy_setopt(easy.get(), CURLOPT_HTTP_TRANSFER_DECODING, 0L);
  curl_easy_setopt(easy.get(), CURLOPT_MAXFILESIZE_LARGE,
                   static_cast<curl_off_t>(config.max_response_body_bytes));
  curl_easy_setopt(easy.get(), CURLOPT_BUFFERSIZE, 32'768L);
  return easy;
}

Transfer::Transfer(OriginRequest request, TransferSink* to,
                   std::shared_ptr<const UpstreamConfig> config, std::vector<Transfer*>& news,
                   const Place& at)
    : sink(to), place(at), request_(std::move(request)), config_(std::move(config)), news_(news) {}

void Transfer::note() {
  if (noted_) return;
  noted_ = true;
  news_.push_back(this);
}

void Transfer::start(EasyHandle easy, OriginSockets& sockets, MonotonicTime now,
                     bool fresh_connection, bool only_use) {
  LARDER_CHECK(state_ == State::queued);
  easy_ = std::move(easy);
  state_ = State::running;
  started_ = now;
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  for (const auto& line : request_.headers) list = curl_slist_append(list, line.c_str());
  headers_.reset(list);
  CURL* handle = easy_.get();
  curl_easy_setopt(handle, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(handle, CURLOPT_PRIVATE, this);
  curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, fresh_connection ? 1L : 0L);
  sockets_ = &sockets;
  sockets.serve(handle);
  curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, on_prerequest);
  curl_easy_setopt(handle, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, only_use ? 1L : 0L);
  last_ = only_use;
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
}

/// Right before the request is written.
int Transfer::on_prerequest(void* self, char*, char*, int origin_port, int local_port) noexcept {
  auto* transfer = static_cast<Transfer*>(self);
  const bool tls = transfer->request_.host.starts_with("https:");
  const auto chosen = transfer->sockets_->choose(origin_port, local_port, tls);
  transfer->socket_ = chosen.socket;
  return chosen.early ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/// Whoever answers has acknowledged the request, with the answer's first segment at the latest. So
/// what comes while part of the request is not acknowledged was sent before the origin had it.
bool Transfer::answers_too_early() const {
  int unacknowledged = 0;
  return socket_ >= 0 && ::ioctl(socket_, SIOCOUTQ, &unacknowledged) == 0 && unacknowledged > 0;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count,
                                void* self) noexcept {
  return static_cast<Transfer*>(self)->take_header({data, size * count});
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count,
                              void* self) noexcept {
  return static_cast<Transfer*>(self)->take_body({data, size * count});
}

std::size_t Transfer::take_header(std::string_view line) {
  const std::size_t taken = line.size();
  header_total_ += taken;
  if (header_total_ > config_->max_response_header_bytes) {
    error_ = Error{Error::Code::full, "origin " + request_.host +
                                          ": response header is larger than "
                                          "upstream.max_response_header"};
    return 0;
  }
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (head_complete_) return taken;  // trailers
  if (header_total_ == taken && answers_too_early()) return refuse(kTooEarly);
  const bool status_line = framing_.expects_status_line();
  switch (framing_.add_line(line)) {
    case AnswerFraming::Verdict::refused:
      return refuse(framing_.why());
    case AnswerFraming::Verdict::last:
      use_no_more();
      break;
    case AnswerFraming::Verdict::sound:
      break;
  }
  if (status_line) {
    facts_ = ResponseFacts{};           // an interim (1xx) answer may have come before
    facts_.status = framing_.status();  // some fields are read by it
  } else if (!line.empty()) {
    add_header_line(facts_, line);
  }
  head_complete_ = framing_.complete();
  if (!head_complete_) return taken;
  // What the body's framing does not go by must not be announced to a client.
  facts_.content_length.reset();
  if (framing_.body() == AnswerFraming::Body::length) facts_.content_length = framing_.length();
  note();
  return taken;
}

/// For a callback: 0 ends the transfer and its connection.
std::size_t Transfer::refuse(const char* why) {
  odd_ = true;
  error_ = Error{Error::Code::unavailable, "origin " + request_.host + ": " + why};
  return 0;
}

void Transfer::use_no_more() {
  if (last_) return;
  last_ = true;
  curl_easy_setopt(easy_.get(), CURLOPT_FORBID_REUSE, 1L);
}

std::size_t Transfer::take_body(std::string_view bytes) {
  // libcurl may read megabytes before the loop comes round: what waits to be told is bounded here.
  if (paused_ || body_.size() >= kMaxUntoldBytes) {
    if (!paused_) note();
    stalled_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  if (!head_complete_) return refuse("a body without an answer");
  const auto before = body_.size();
  if (framing_.body() != AnswerFraming::Body::chunked) {
    body_.append(bytes);
  } else {
    chunks_.feed(bytes, body_);
    if (chunks_.malformed()) return refuse("chunks that cannot be read");
    if (chunks_.left_over() > 0) odd_ = true;
    if (odd_ || chunks_.had_trailer()) use_no_more();
  }
  body_total_ += body_.size() - before;
  if (body_total_ > config_->max_response_body_bytes) {
    body_.resize(before);
    error_ = Error{Error::Code::full, "origin " + request_.host +
                                          ": response body is larger than "
                                          "upstream.max_response_body"};
    return 0;
  }
  note();
  return bytes.size();
}

void Transfer::resume() {
  paused_ = false;
  if (!stalled_ || state_ != State::running) return;
  stalled_ = false;
  curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
}

int Transfer::idle_socket() const {
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_easy_getinfo(easy_.get(), CURLINFO_ACTIVESOCKET, &socket);
  return socket;
}

void Transfer::end(CURLcode code) {
  if (code != CURLE_OK && !error_) error_ = error_of(code, request_.host);
  if (!error_ && !head_complete_) {
    error_ = Error{Error::Code::unavailable, "origin " + request_.host + ": no answer"};
  }
  const bool chunked = framing_.body() == AnswerFraming::Body::chunked;
  if (!error_ && chunked && !chunks_.complete()) {
    error_ = Error{Error::Code::unavailable, "origin " + request_.host + ": chunks without an end"};
  }
  framed_ = framing_.body() != AnswerFraming::Body::unbounded;
  switch (code) {
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_ABORTED_BY_CALLBACK:  // bytes were there before the request
      odd_ = true;
      break;
    case CURLE_OK:
      // libcurl closes the connection if it has read more than the length said, and says nothing.
      if (!last_ && framed_ && !framing_.says_close() && idle_socket() < 0) odd_ = true;
      break;
    default:
      break;
  }
  state_ = State::ended;
  note();
}

void Transfer::end(Error error) {
  error_ = std::move(error);
  state_ = State::ended;
  note();
}

std::optional<Error> Transfer::overdue(MonotonicTime now) const {
  if (state_ == State::running && !head_complete_ &&
      now.ms - started_.ms > config_->first_byte_timeout_ms) {
    return Error{Error::Code::timed_out,
                 "origin " + request_.host + ": no answer within upstream.first_byte_timeout"};
  }
  return std::nullopt;
}

TransferProgress Transfer::take_progress() {
  noted_ = false;
  TransferProgress progress;
  if (head_complete_ && !head_told_) {
    progress.head = &facts_;
    head_told_ = true;
  }
  progress.body.swap(body_);
  if (state_ == State::ended) {
    progress.ended = true;
    progress.framed = framed_;
    progress.error = error_;
  }
  return progress;
}

}  // namespace larder
