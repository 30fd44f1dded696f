// SPDX-License-Identifier: Apache-2.0
#include "daemon/http1/request_parser.h"

#include "conf/base/check.h"
#include "conf/base/octets.h"

namespace larder {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

Method method_of(std::uint8_t method) {
  switch (method) {
    case HTTP_GET:
      return Method::get;
    case HTTP_HEAD:
      return Method::head;
    case HTTP_OPTIONS:
      return Method::options;
    default:
      return Method::other;
  }
}

}  // namespace

RequestParser::RequestParser(const ServerConfig& config, RequestMemo* memo) : memo_(memo) {
  set_bounds(config);
  reset();
}

void RequestParser::set_bounds(const ServerConfig& config) {
  max_target_bytes_ = config.max_target_bytes;
  max_header_bytes_ = config.max_header_bytes;
}

const llhttp_settings_t& RequestParser::settings() {
  static const llhttp_settings_t table = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_url = on_url;
    made.on_header_field = on_field;
    made.on_header_value = on_value;
    made.on_headers_complete = on_headers_complete;
    made.on_message_complete = on_message_complete;
    return made;
  }();
  return table;
}

void RequestParser::reset() {
  llhttp_init(&llhttp_, HTTP_REQUEST, &settings());
  llhttp_.data = this;
  fed_ = consumed_ = header_bytes_ = count_ = 0;
  target_ = Span{};
  taken_ = nullptr;
  in_value_ = headers_complete_ = must_close_ = refused_ = false;
}

RequestParser::Outcome RequestParser::feed(std::string_view request) {
  // llhttp skips any number of blank lines; RFC 9112 section 2.2 asks for one to be borne.
  const auto first = request.find_first_not_of("\r\n");
  if (first == std::string_view::npos ? request.size() > 4 : first > 4) {
    return refuse_outcome(400, "too many blank lines before the request");
  }
  const bool from_start = fed_ == 0;
  if (from_start && take_known(request)) return Outcome::complete;
  // Beyond this a request holds line ends that never come, or blanks that no bound counts.
  const std::size_t most = max_target_bytes_ + max_header_bytes_ + 64;
  base_ = request.data();
  const auto code = llhttp_execute(&llhttp_, request.data() + fed_, request.size() - fed_);
  if (refused_) return Outcome::refused;
  if (code == HPE_OK) {
    fed_ = request.size();
    if (request.size() > most) return refuse_outcome(431, "request header is too large");
    return Outcome::incomplete;
  }
  if (code == HPE_PAUSED || code == HPE_PAUSED_UPGRADE) {
    consumed_ = static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - request.data());
    if (!request_line_is_exact(request)) return refuse_outcome(400, "malformed request line");
    if (consumed_ > most) return refuse_outcome(431, "request header is too large");
    if (from_start) learn(request);
    return Outcome::complete;
  }
  if (code == HPE_INVALID_VERSION && names_other_version(request)) {
    return refuse_outcome(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  }
  if (code == HPE_INVALID_URL) {
    return refuse_outcome(400,
                          "the request target has an octet that is no visible ASCII: "
                          "percent-encode it, characters beyond ASCII as UTF-8");
  }
  return refuse_outcome(400, "malformed HTTP request");
}

/// A GET over HTTP/1.1 whose header block is known: only its request line is new, and of that
/// llhttp would check no more than this and what classify() refuses of the target anyway.
bool RequestParser::take_known(std::string_view request) {
  constexpr std::string_view kMethod = "GET ";
  constexpr std::string_view kVersion = " HTTP/1.1\r\n";
  if (memo_ == nullptr || !request.starts_with("GET /")) return false;
  const std::size_t line = request.find('\r') + 2;
  const std::size_t target_end = line - kVersion.size();
  if (line > request.size() || line < kMethod.size() + 1 + kVersion.size()) return false;
  if (target_end - kMethod.size() > max_target_bytes_) return false;
  if (request.substr(target_end, kVersion.size()) != kVersion) return false;
  const auto found = memo_->find_header(request.substr(line));
  if (found.header == nullptr || found.length > max_header_bytes_) return false;
  taken_ = found.header;
  llhttp_.method = HTTP_GET;
  llhttp_.http_major = llhttp_.http_minor = 1;
  target_ = {kMethod.size(), static_cast<std::uint32_t>(target_end - kMethod.size())};
  consumed_ = line + found.length;
  told_ = found.told;
  block_ = line;
  must_close_ = taken_->must_close();
  return true;
}

/// Remembers the header block of a complete request, unless a body was announced: then where it
/// ends says nothing.
void RequestParser::learn(std::string_view request) {
  const bool body = (llhttp_.flags & (F_CHUNKED | F_TRANSFER_ENCODING | F_CONTENT_LENGTH)) != 0;
  if (memo_ == nullptr || body || !request.starts_with("GET /")) return;
  if (llhttp_.http_major != 1 || llhttp_.http_minor != 1) return;
  const std::size_t line =
      target_.begin + target_.length + std::string_view(" HTTP/1.1\r\n").size();
  memo_->learn_header(request.substr(line, consumed_ - line), view(request).headers, must_close_);
}

std::string_view RequestParser::behind_target(std::string_view request) const {
  const auto start = request.find_first_not_of("\r\n");
  const auto name = method_name();
  if (request.substr(start, name.size()) != name) return {};
  if (target_.begin != start + name.size() + 1 || request[target_.begin - 1] != ' ') return {};
  return request.substr(target_.begin + target_.length);
}

bool RequestParser::request_line_is_exact(std::string_view request) const {
  const auto rest = behind_target(request);
  return rest.size() > 11 && rest.starts_with(" HTTP/") && rest.substr(9, 2) == "\r\n";
}

/// By no more than llhttp has read when it refuses the version, so that 505 or 400 does not depend
/// on where the request is cut. (llhttp also refuses 1.1 so, if no CRLF follows.)
bool RequestParser::names_other_version(std::string_view request) const {
  const auto rest = behind_target(request);
  return rest.size() >= 9 && rest.starts_with(" HTTP/") && is_digit(rest[6]) && rest[7] == '.' &&
         is_digit(rest[8]) && rest.substr(6, 3) != "1.0" && rest.substr(6, 3) != "1.1";
}

std::string_view RequestParser::method_name() const {
  return llhttp_method_name(static_cast<llhttp_method_t>(llhttp_.method));
}

RequestView RequestParser::view(std::string_view request) {
  if (taken_ != nullptr) {
    const auto told = [&](const KnownHeader::Span& place) {
      return trimmed(request.substr(block_ + place.begin, place.length));
    };
    return {.method = Method::get,
            .target = request.substr(target_.begin, target_.length),
            .headers = taken_->fields(),
            .header_id = taken_->id(),
            .survey = &taken_->survey(),
            .request_id = told(told_.request_id),
            .trace_parent = told(told_.trace_parent)};
  }
  std::string_view request_id, trace_parent;
  unsigned trace_parents = 0;
  for (std::size_t i = count_; i-- > 0;) {
    views_[i] = {request.substr(names_[i].begin, names_[i].length),
                 trimmed(request.substr(values_[i].begin, values_[i].length))};
    if (is_request_id(views_[i].name)) request_id = views_[i].value;
    if (is_trace_parent(views_[i].name) && ++trace_parents == 1) trace_parent = views_[i].value;
  }
  return {.method = method_of(llhttp_.method),
          .version_major = llhttp_.http_major,
          .version_minor = llhttp_.http_minor,
          .target = request.substr(target_.begin, target_.length),
          .headers = {views_.data(), count_},
          .request_id = request_id,
          .trace_parent = trace_parents == 1 ? trace_parent : std::string_view{}};
}

void RequestParser::extend(Span& span, const char* at, size_t length) const {
  if (span.length == 0) span.begin = static_cast<std::uint32_t>(at - base_);
  // Spans come in pieces only where the input ended, so the pieces touch.
  LARDER_CHECK(span.begin + span.length == static_cast<std::size_t>(at - base_));
  span.length += static_cast<std::uint32_t>(length);
}

int RequestParser::refuse(int status, const char* cause) {
  refused_ = true;
  refusal_ =
      Refusal{.status = status, .error_code = status, .cause = cause, .field = "", .close = true};
  return HPE_USER;
}

RequestParser::Outcome RequestParser::refuse_outcome(int status, const char* cause) {
  refuse(status, cause);
  return Outcome::refused;
}

int RequestParser::on_url(llhttp_t* parser, const char* at, size_t length) noexcept {
  auto* self = self_of(parser);
  if (self->target_.length + length > self->max_target_bytes_) {
    return self->refuse(414, "request target is longer than server.max_target");
  }
  self->extend(self->target_, at, length);
  return 0;
}

int RequestParser::on_field(llhttp_t* parser, const char* at, size_t length) noexcept {
  auto* self = self_of(parser);
  if (self->in_value_ || self->count_ == 0) {
    if (self->count_ == kMaxHeaders) return self->refuse(431, "more than 64 header fields");
    self->names_[self->count_] = self->values_[self->count_] = Span{};
    ++self->count_;
    self->in_value_ = false;
  }
  self->header_bytes_ += length;
  if (self->header_bytes_ > self->max_header_bytes_) {
    return self->refuse(431, "request header is too large");
  }
  self->extend(self->names_[self->count_ - 1], at, length);
  return 0;
}

int RequestParser::on_value(llhttp_t* parser, const char* at, size_t length) noexcept {
  auto* self = self_of(parser);
  self->in_value_ = true;
  self->header_bytes_ += length;
  if (self->header_bytes_ > self->max_header_bytes_) {
    return self->refuse(431, "request header is too large");
  }
  if (length > 0) self->extend(self->values_[self->count_ - 1], at, length);
  return 0;
}

int RequestParser::on_headers_complete(llhttp_t* parser) noexcept {
  auto* self = self_of(parser);
  self->headers_complete_ = true;
  const bool body =
      (parser->flags & (F_CHUNKED | F_TRANSFER_ENCODING)) != 0 || parser->content_length > 0;
  // An offer to upgrade is ignored (RFC 9110 section 7.8): what follows is HTTP/1.1. Behind CONNECT
  // it would not be, but that method is refused, which closes.
  parser->upgrade = 0;
  self->must_close_ = body || llhttp_should_keep_alive(parser) == 0 || parser->http_major != 1 ||
                      parser->http_minor != 1;
  // Nothing of a body is read: classify() refuses the request by its fields and the connection
  // closes, so no byte behind this header is ever taken for a request.
  return body ? HPE_PAUSED : 0;
}

int RequestParser::on_message_complete(llhttp_t*) noexcept {
  return HPE_PAUSED;
}

}  // namespace larder
