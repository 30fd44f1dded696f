// SPDX-License-Identifier: Apache-2.0
#include "upstream/answer_framing.h"

#include "cache/http/cache_control.h"
#include "conf/base/octets.h"

namespace larder {
namespace {

constexpr std::size_t kMaxLengthDigits = 18;

std::optional<std::uint64_t> parse_length(std::string_view text) {
  if (text.empty() || text.size() > kMaxLengthDigits) return std::nullopt;
  std::uint64_t length = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return length;
}

}  // namespace

AnswerFraming::Verdict AnswerFraming::add_line(std::string_view line) {
  if (expects_status_) {
    add_status_line(line);
  } else if (!line.empty()) {
    add_field(line);
  } else {
    end_head();
  }
  return verdict_;
}

AnswerFraming::Body AnswerFraming::body() const {
  if (chunked_) return Body::chunked;
  return length_ ? Body::length : Body::unbounded;
}

void AnswerFraming::refuse(const char* why) {
  if (verdict_ == Verdict::refused) return;
  verdict_ = Verdict::refused;
  why_ = why;
}

/// `HTTP/1.1 200 OK`. larder speaks HTTP/1.1 to origins, so no other version can be true.
void AnswerFraming::add_status_line(std::string_view line) {
  const bool sound = line.size() >= 12 && line.starts_with("HTTP/") && line[8] == ' ' &&
                     is_digit(line[9]) && is_digit(line[10]) && is_digit(line[11]) &&
                     (line.size() == 12 || line[12] == ' ');
  const auto version = line.substr(0, 8);
  if (line.starts_with("HTTP/") && version != "HTTP/1.1" && version != "HTTP/1.0")
    return refuse("the answer's HTTP version is not the connection's, which is HTTP/1.1");
  if (!sound) return refuse("no status line where an answer begins");
  status_ = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (status_ < 100 || status_ > 599) return refuse("a status that HTTP does not have");
  version_1_0_ = version == "HTTP/1.0";
  expects_status_ = chunked_ = close_ = keep_alive_ = false;
  length_.reset();
}

void AnswerFraming::add_field(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') return refuse("a folded header line");
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return refuse("a header line without a colon");
  const auto written = line.substr(0, colon);
  const auto name = trim(written);
  const auto value = trim(line.substr(colon + 1));
  const bool length = equals_ignoring_case(name, "Content-Length");
  const bool coding = equals_ignoring_case(name, "Transfer-Encoding");
  if ((length || coding) && name.size() != written.size())
    return refuse("a blank before the colon of Content-Length or Transfer-Encoding");
  if (length) add_length(value);
  if (coding) add_coding(value);
  if (equals_ignoring_case(name, "Connection")) add_connection(value);
}

/// The same number twice, or in a list, is one length (RFC 9110 section 8.6), but odd.
void AnswerFraming::add_length(std::string_view value) {
  for (bool more = true; more;) {
    more = value.find(',') != std::string_view::npos;
    const auto length = parse_length(take_list_element(value));
    if (!length) return refuse("a Content-Length that is no number");
    if (length_ && *length_ != *length) return refuse("two values of Content-Length");
    if (length_) verdict_ = Verdict::last;
    length_ = length;
  }
}

/// No other coding was asked for (TE), and none is known whose end could be told.
void AnswerFraming::add_coding(std::string_view value) {
  if (chunked_ || !equals_ignoring_case(value, "chunked"))
    return refuse("a Transfer-Encoding other than chunked");
  chunked_ = true;
}

void AnswerFraming::add_connection(std::string_view value) {
  while (!value.empty()) {
    const auto word = take_list_element(value);
    if (equals_ignoring_case(word, "close")) close_ = true;
    if (equals_ignoring_case(word, "keep-alive")) keep_alive_ = true;
  }
}

void AnswerFraming::end_head() {
  if (version_1_0_ && chunked_) return refuse("chunks in an answer of HTTP/1.0");
  if (status_ < 200) {
    if (status_ != 100 && status_ != 102 && status_ != 103)
      return refuse("an interim answer that was not asked for");
    if (chunked_ || length_) return refuse("an interim answer that announces a body");
    if (++interim_ > kMaxInterim) return refuse("too many interim answers");
    expects_status_ = true;
    return;
  }
  complete_ = true;
  close_ = close_ || (version_1_0_ && !keep_alive_);
  // What has no body, whatever it announces: libcurl drops what it has read behind such a head and
  // keeps the connection.
  const bool bodiless = status_ == 204 || status_ == 205 || status_ == 304 || length_ == 0u;
  if (close_ || bodiless || version_1_0_ || (chunked_ && length_)) verdict_ = Verdict::last;
  if (body() == Body::unbounded) verdict_ = Verdict::last;
}

}  // namespace larder
