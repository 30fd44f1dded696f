// SPDX-License-Identifier: Apache-2.0
#include "upstream/response_reader.h"

#include <algorithm>

#include "conf/base/octets.h"

namespace larder {
namespace {

/// More interim answers than this are a flood (Node's clients and Varnish bear a handful).
constexpr unsigned kMaxInterim = 8;

/// The value of the line `name: value` when this is its name.
bool takes_value(std::string_view line, std::string_view name, std::string_view& value) {
  if (line.size() <= name.size() || line[name.size()] != ':') return false;
  if (!equals_ignoring_case(line.substr(0, name.size()), name)) return false;
  value = trim(line.substr(name.size() + 1));
  return true;
}

}  // namespace

ResponseReader::ResponseReader(const UpstreamConfig& config, Representation asked)
    : config_(config), asked_(asked) {
  reset();
}

const llhttp_settings_t& ResponseReader::settings() {
  static const llhttp_settings_t table = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_version_complete = on_version;
    made.on_header_field = on_field;
    made.on_header_value = on_value;
    made.on_header_value_complete = on_value_complete;
    made.on_headers_complete = on_headers_complete;
    made.on_body = on_body;
    made.on_chunk_extension_name = on_extension;
    made.on_chunk_extension_value = on_extension;
    made.on_message_complete = on_message_complete;
    return made;
  }();
  return table;
}

void ResponseReader::reset() {
  llhttp_init(&llhttp_, HTTP_RESPONSE, &settings());
  llhttp_.data = this;
  facts_ = ResponseFacts{};
  line_.clear();
  consumed_ = 0;
  header_total_ = body_total_ = zipped_total_ = 0;
  inflater_.reset();
  interim_ = lengths_ = codings_ = 0;
  chunked_ = head_complete_ = complete_ = refused_ = framed_ = odd_ = keeps_connection_ = false;
  error_ = OriginError{};
}

ResponseReader::Outcome ResponseReader::feed(std::string_view bytes, std::string& body) {
  body_ = &body;
  const auto code = llhttp_execute(&llhttp_, bytes.data(), bytes.size());
  body_ = nullptr;
  consumed_ = bytes.size();
  if (refused_) return Outcome::refused;
  if (complete_) {
    if (code == HPE_PAUSED || code == HPE_PAUSED_UPGRADE) {
      consumed_ = static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - bytes.data());
    }
    return Outcome::complete;
  }
  if (code == HPE_OK) return Outcome::incomplete;
  if (code == HPE_INVALID_VERSION) {
    refuse(OriginCause::protocol, "the answer's HTTP version is not the connection's, HTTP/1.1");
  } else {
    refuse(OriginCause::protocol, "the answer is not well-formed HTTP: ");
    error_.context += llhttp_get_error_reason(&llhttp_);
  }
  return Outcome::refused;
}

ResponseReader::Outcome ResponseReader::end() {
  if (head_complete_ && !refused_) llhttp_finish(&llhttp_);  // pauses where the end completes it
  if (complete_) return Outcome::complete;
  if (!refused_) {
    refuse(OriginCause::broken,
           head_complete_ ? "the connection ended before the answer did" : "no answer");
  }
  return Outcome::refused;
}

int ResponseReader::refuse(OriginCause cause, const char* text) {
  refused_ = true;
  error_ = OriginError{cause, text, 0};
  return HPE_USER;
}

int ResponseReader::count_header(std::size_t bytes) {
  header_total_ += bytes;
  if (header_total_ <= config_.max_response_header_bytes) return 0;
  return refuse(OriginCause::too_large,
                "response header is larger than upstream.max_response_header");
}

int ResponseReader::on_version(llhttp_t* parser) noexcept {
  if (parser->http_major == 1 && parser->http_minor <= 1) return 0;
  return self_of(parser)->refuse(OriginCause::protocol,
                                 "the answer's HTTP version is not the connection's, HTTP/1.1");
}

int ResponseReader::on_field(llhttp_t* parser, const char* at, std::size_t length) noexcept {
  auto* self = self_of(parser);
  if (!self->head_complete_) self->line_.append(at, length);
  return self->count_header(length);
}

int ResponseReader::on_value(llhttp_t* parser, const char* at, std::size_t length) noexcept {
  auto* self = self_of(parser);
  if (!self->head_complete_) {
    if (self->line_.find(':') == std::string::npos) self->line_ += ": ";
    self->line_.append(at, length);
  }
  return self->count_header(length);
}

int ResponseReader::on_value_complete(llhttp_t* parser) noexcept {
  auto* self = self_of(parser);
  return self->head_complete_ ? self->count_header(4) : self->take_line();
}

int ResponseReader::take_line() {
  if (line_.find(':') == std::string::npos) line_ += ": ";
  facts_.status = llhttp_.status_code;  // some fields are read by it
  std::string_view value;
  if (takes_value(line_, "transfer-encoding", value)) {
    ++codings_;
    chunked_ = equals_ignoring_case(value, "chunked");
    if (!chunked_ || codings_ > 1) {
      return refuse(OriginCause::protocol,
                    "the answer's Transfer-Encoding is not exactly `chunked`");
    }
  }
  if (takes_value(line_, "content-length", value)) ++lengths_;
  add_header_line(facts_, line_);
  const auto length = line_.size() + 2;
  line_.clear();
  return count_header(length);
}

int ResponseReader::on_headers_complete(llhttp_t* parser) noexcept {
  return self_of(parser)->take_head();
}

int ResponseReader::take_head() {
  const int status = llhttp_.status_code;
  facts_.status = status;
  if (count_header(16) != 0) return HPE_USER;
  if (status < 100 || status > 599) {
    return refuse(OriginCause::protocol, "the answer's status is none of HTTP's");
  }
  if (status == 304) return refuse(OriginCause::protocol, "a 304 that nobody asked for");
  if (status < 200 && status != 100 && status != 102 && status != 103) {
    return refuse(OriginCause::protocol, "an interim answer that nobody asked for");
  }
  if (const int bad = check_framing(); bad != 0) return bad;
  if (status < 200) {
    if (++interim_ > kMaxInterim) {
      return refuse(OriginCause::protocol, "too many interim answers");
    }
    facts_ = ResponseFacts{};
    lengths_ = codings_ = 0;
    chunked_ = false;
    return 0;
  }
  if (const int bad = check_coding(); bad != 0) return bad;
  head_complete_ = true;
  const bool bodiless = status == 204;
  framed_ = bodiless || chunked_ || lengths_ > 0;
  if (chunked_) facts_.content_length.reset();
  if (facts_.content_length.value_or(0) > config_.max_response_body_bytes) {
    return refuse(OriginCause::too_large,
                  "response body is larger than upstream.max_response_body");
  }
  return 0;
}

/// llhttp refuses a length beside chunks, and two lengths; this says what else is odd.
int ResponseReader::check_framing() {
  if (facts_.status < 200 && (lengths_ > 0 || codings_ > 0)) {
    return refuse(OriginCause::protocol, "an interim answer that announces a body");
  }
  if (facts_.status == 204 && (chunked_ || facts_.content_length.value_or(0) > 0)) odd_ = true;
  if (lengths_ > 1 || (lengths_ > 0 && codings_ > 0)) {
    return refuse(OriginCause::protocol, "the answer announces its length twice");
  }
  // What llhttp did not take for `chunked` it would read to the end of the connection.
  if (codings_ > 0 && (llhttp_.flags & F_CHUNKED) == 0) {
    return refuse(OriginCause::protocol, "the answer's Transfer-Encoding is not exactly `chunked`");
  }
  if (codings_ > 0 && llhttp_.http_minor == 0) {
    return refuse(OriginCause::protocol, "Transfer-Encoding in an HTTP/1.0 answer");
  }
  return 0;
}

int ResponseReader::check_coding() {
  if (facts_.contradictory) {
    return refuse(OriginCause::protocol, "the answer's header contradicts itself");
  }
  const std::string& coding = facts_.content_encoding;
  if (coding.empty() || equals_ignoring_case(coding, "identity")) return 0;
  if (coding != "gzip") {
    return refuse(OriginCause::not_the_api,
                  "the answer is in a Content-Encoding that was not asked for");
  }
  if (asked_ == Representation::gzip) return 0;
  take_off_coding(facts_);
  inflater_.emplace();
  return 0;
}

int ResponseReader::on_body(llhttp_t* parser, const char* at, std::size_t length) noexcept {
  auto* self = self_of(parser);
  return self->inflater_ ? self->take_zipped({at, length}) : self->take_body({at, length});
}

int ResponseReader::take_body(std::string_view bytes) {
  body_total_ += bytes.size();
  if (body_total_ > config_.max_response_body_bytes) {
    return refuse(OriginCause::too_large,
                  "response body is larger than upstream.max_response_body");
  }
  if (body_ != nullptr) body_->append(bytes);
  return 0;
}

int ResponseReader::take_zipped(std::string_view bytes) {
  zipped_total_ += bytes.size();
  inflater_->give(bytes);
  while (const auto text = inflater_->take()) {
    if (const int bad = take_body(*text); bad != 0) return bad;
    if (body_total_ > kFreeInflation + zipped_total_ * kMaxInflation) {
      return refuse(OriginCause::not_the_api,
                    "the answer's gzip, not asked for, inflates beyond measure");
    }
  }
  if (!inflater_->broken()) return 0;
  return refuse(OriginCause::not_the_api, "the answer's gzip, not asked for, is broken");
}

int ResponseReader::on_extension(llhttp_t* parser, const char*, std::size_t length) noexcept {
  return self_of(parser)->count_header(length);
}

int ResponseReader::on_message_complete(llhttp_t* parser) noexcept {
  auto* self = self_of(parser);
  if (!self->head_complete_) return 0;  // of an interim answer
  if (self->inflater_ && self->zipped_total_ > 0 && !self->inflater_->at_end()) {
    return self->refuse(OriginCause::not_the_api, "the answer's gzip, not asked for, is broken");
  }
  self->complete_ = true;
  self->keeps_connection_ = !self->odd_ && llhttp_should_keep_alive(parser) == 1;
  return HPE_PAUSED;
}

}  // namespace larder
