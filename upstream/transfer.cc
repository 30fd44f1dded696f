// SPDX-License-Identifier: Apache-2.0
#include "upstream/transfer.h"

#include <algorithm>
#include <cctype>
#include <charconv>

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

Error error_of(CURLcode code, const std::string& host) {
  const std::string text = curl_easy_strerror(code);
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return {Error::Code::timed_out, "origin " + host + " took too long: " + text};
  }
  return {Error::Code::unavailable, "origin " + host + ": " + text};
}

constexpr std::size_t kMaxUntoldBytes = 128 * 1024;

/// The number behind the first blank of a status line, 0 when there is none: `HTTP/1.1 200 OK`.
int status_of(std::string_view line) {
  const auto blank = line.find(' ');
  int status = 0;
  if (blank != std::string_view::npos) {
    std::from_chars(line.data() + blank + 1, line.data() + line.size(), status);
  }
  return status;
}

/// larder speaks HTTP/1.1 to origins, so no other version can be true. libcurl up to 7.88 believes
/// `HTTP/2.0` in a status line.
bool speaks_http_1(std::string_view line) {
  return line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

}  // namespace

EasyHandle make_easy(const UpstreamConfig& config) {
  EasyHandle easy(curl_easy_init());
  LARDER_CHECK(easy != nullptr);
  set_safety_options(easy.get(), config);
  set_time_options(easy.get(), config);
  // One request at a time on each connection (see CurlLoop). Nothing else is offered in TLS either.
  curl_easy_setopt(easy.get(), CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy.get(), CURLOPT_MAXFILESIZE_LARGE,
                   static_cast<curl_off_t>(config.max_response_body_bytes));
  curl_easy_setopt(easy.get(), CURLOPT_BUFFERSIZE, 32'768L);
  return easy;
}

Transfer::Transfer(OriginRequest request, TransferSink* to, const UpstreamConfig& config,
                   std::vector<Transfer*>& news, const Place& at)
    : sink(to), place(at), request_(std::move(request)), config_(config), news_(news) {}

void Transfer::note() {
  if (noted_) return;
  noted_ = true;
  news_.push_back(this);
}

void Transfer::start(EasyHandle easy, MonotonicTime now, bool fresh_connection) {
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
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
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
  if (header_total_ > config_.max_response_header_bytes) {
    error_ = Error{Error::Code::full, "origin " + request_.host +
                                          ": response header is larger than "
                                          "upstream.max_response_header"};
    return 0;
  }
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (head_complete_) return taken;  // trailers
  if (line.starts_with("HTTP/")) {
    if (!speaks_http_1(line)) {
      error_ = Error{Error::Code::unavailable,
                     "origin " + request_.host +
                         ": the answer's HTTP version is not the connection's, which is HTTP/1.1"};
      return 0;  // ends the connection
    }
    facts_ = ResponseFacts{};         // an interim (1xx) answer came before
    facts_.status = status_of(line);  // some fields are read by it
    chunked_ = had_length_ = lengths_differ_ = false;
    return taken;
  }
  if (!line.empty()) {
    if (line.size() >= 18 && same_ignoring_case(line.substr(0, 18), "transfer-encoding:"))
      chunked_ = true;
    const auto before = facts_.content_length;
    add_header_line(facts_, line);
    if (line.size() >= 15 && same_ignoring_case(line.substr(0, 15), "content-length:")) {
      if (had_length_ && (before != facts_.content_length || facts_.contradictory))
        lengths_differ_ = true;
      had_length_ = true;
    }
    return taken;
  }
  head_complete_ = facts_.status >= 200;
  // What the body's framing does not go by must not be announced to a client.
  if (chunked_ || lengths_differ_) facts_.content_length.reset();
  if (head_complete_) note();
  return taken;
}

std::size_t Transfer::take_body(std::string_view bytes) {
  // libcurl may read megabytes before the loop comes round: what waits to be told is bounded here.
  if (paused_ || body_.size() >= kMaxUntoldBytes) {
    if (!paused_) note();
    stalled_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  if (!head_complete_) {
    error_ =
        Error{Error::Code::unavailable, "origin " + request_.host + ": a body without an answer"};
    return 0;
  }
  body_total_ += bytes.size();
  if (body_total_ > config_.max_response_body_bytes) {
    error_ = Error{Error::Code::full, "origin " + request_.host +
                                          ": response body is larger than "
                                          "upstream.max_response_body"};
    return 0;
  }
  body_.append(bytes);
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
  framed_ = !lengths_differ_ && (facts_.content_length.has_value() || chunked_);
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
      now.ms - started_.ms > config_.first_byte_timeout_ms) {
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
