// SPDX-License-Identifier: Apache-2.0
#include "daemon/http1/request_body.h"

#include <algorithm>
#include <charconv>

#include "conf/base/octets.h"

namespace larder {
namespace {

constexpr unsigned kMaxSizeDigits = 8;
constexpr std::size_t kMaxBeside = 8u << 10;
constexpr std::size_t kMaxLengthDigits = 18;

}  // namespace

RequestBody::Outcome RequestBody::begin(std::span<const HeaderView> headers, Bytes most) {
  most_ = most;
  for (const HeaderView& header : headers) {
    if (equals_ignoring_case(header.name, "transfer-encoding")) {
      if (!equals_ignoring_case(header.value, "chunked")) return Outcome::malformed;
      if (place_ == Place::size) return Outcome::malformed;  // coded twice
      place_ = Place::size;
    } else if (equals_ignoring_case(header.name, "content-length")) {
      const char* const end = header.value.data() + header.value.size();
      if (header.value.size() > kMaxLengthDigits) return Outcome::too_large;
      const auto read = std::from_chars(header.value.data(), end, left_);
      if (read.ec != std::errc{} || read.ptr != end) return Outcome::malformed;
    }
  }
  if (place_ == Place::size) return Outcome::more;
  if (left_ > most_) return Outcome::too_large;
  return left_ == 0 ? Outcome::whole : Outcome::more;
}

RequestBody::Outcome RequestBody::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    Outcome outcome = Outcome::more;
    if (place_ == Place::length || place_ == Place::data) {
      outcome = take_data(bytes);
    } else {
      outcome = take_framing(bytes.front());
      bytes.remove_prefix(1);
    }
    if (outcome != Outcome::more) return outcome;
  }
  return Outcome::more;
}

RequestBody::Outcome RequestBody::take_data(std::string_view& bytes) {
  const auto taken = static_cast<std::size_t>(std::min<Bytes>(left_, bytes.size()));
  text_.append(bytes.substr(0, taken));
  bytes.remove_prefix(taken);
  left_ -= taken;
  if (left_ > 0) return Outcome::more;
  if (place_ == Place::length) return Outcome::whole;
  place_ = Place::data_cr;
  return Outcome::more;
}

RequestBody::Outcome RequestBody::take_framing(char c) {
  const auto expect = [&](char wanted, Place next) {
    if (c != wanted) return Outcome::malformed;
    place_ = next;
    return Outcome::more;
  };
  switch (place_) {
    case Place::size:
      return take_size(c);
    case Place::extension:
      if (c == '\r') return expect('\r', Place::size_end);
      return ++beside_ > kMaxBeside || c == '\n' ? Outcome::malformed : Outcome::more;
    case Place::size_end:
      size_digits_ = 0;
      line_is_empty_ = true;
      return expect('\n', left_ == 0 ? Place::trailer : Place::data);
    case Place::data_cr:
      return expect('\r', Place::data_lf);
    case Place::data_lf:
      return expect('\n', Place::size);
    case Place::trailer:
      if (c == '\r') return expect('\r', Place::trailer_lf);
      line_is_empty_ = false;
      return ++beside_ > kMaxBeside || c == '\n' ? Outcome::malformed : Outcome::more;
    case Place::trailer_lf:
      if (c == '\n' && line_is_empty_) return Outcome::whole;
      line_is_empty_ = true;
      return expect('\n', Place::trailer);
    case Place::length:
    case Place::data:
      break;
  }
  return Outcome::malformed;
}

RequestBody::Outcome RequestBody::take_size(char c) {
  if (const int digit = hex_value(c); digit >= 0) {
    if (++size_digits_ > kMaxSizeDigits) return Outcome::too_large;
    left_ = left_ * 16 + static_cast<Bytes>(digit);
    return text_.size() + left_ > most_ ? Outcome::too_large : Outcome::more;
  }
  if (size_digits_ == 0) return Outcome::malformed;
  if (c == '\r') {
    place_ = Place::size_end;
    return Outcome::more;
  }
  if (c != ';' && c != ' ' && c != '\t') return Outcome::malformed;
  place_ = Place::extension;
  return Outcome::more;
}

}  // namespace larder
