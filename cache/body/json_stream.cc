// SPDX-License-Identifier: Apache-2.0
#include "cache/body/json_stream.h"

#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace larder {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

bool is_blank(unsigned char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

bool is_digit(unsigned char c) {
  return c >= '0' && c <= '9';
}

bool is_hex(unsigned char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Of a string, with no meaning of its own.
bool is_plain(unsigned char c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

constexpr std::uint64_t each_octet(std::uint64_t octet) {
  return octet * 0x0101'0101'0101'0101;
}

/// The top bit of each of eight octets that is not plain, from the first one on: of those behind it
/// nothing is said. Per octet, in the top bit: x - n borrows if x < n, and below(x ^ c, 1) if x ==
/// c; a borrow into the next octet only comes from one that is not plain itself.
std::uint64_t special_octets(std::uint64_t octets) {
  constexpr auto kTop = each_octet(0x80);
  const auto below = [](std::uint64_t x, std::uint64_t n) { return (x - each_octet(n)) & ~x; };
  const auto special = octets | below(octets, 0x20) | below(octets ^ each_octet('"'), 1) |
                       below(octets ^ each_octet('\\'), 1);
  return special & kTop;
}

/// The first octet that is not plain, or the end. Most of a document is inside strings.
const char* skip_plain(const char* at, const char* end) {
  if constexpr (std::endian::native == std::endian::little) {
    std::uint64_t octets = 0;
    while (end - at >= static_cast<std::ptrdiff_t>(sizeof octets)) {
      std::memcpy(&octets, at, sizeof octets);
      const auto special = special_octets(octets);
      if (special != 0) return at + std::countr_zero(special) / 8;
      at += sizeof octets;
    }
  }
  while (at != end && is_plain(static_cast<unsigned char>(*at))) ++at;
  return at;
}

}  // namespace

bool JsonStream::feed(std::string_view piece) {
  const char* at = piece.data();
  const char* const end = at + piece.size();
  run_ = at;
  while (at != end) {
    if (state_ == State::string) {
      at = skip_plain(at, end);
      if (at == end) break;
    }
    at_ = at++;
    if (!take(static_cast<unsigned char>(*at_))) {
      state_ = State::broken;
      return false;
    }
  }
  if (events_ != nullptr && in_text()) {
    tell_run(state_ >= State::zero ? JsonText::number : string_kind(), end, false);
  }
  return state_ != State::broken;
}

bool JsonStream::finish() {
  if (is_whole_number()) {
    if (events_ != nullptr) events_->on_text(JsonText::number, {}, true, depth_);
    state_ = State::end;
  }
  return state_ == State::end;
}

bool JsonStream::take(unsigned char c) {
  switch (state_) {
    case State::string:
    case State::escape:
    case State::hex:
    case State::utf8:
      return in_string(c);
    case State::literal:
      if (c != static_cast<unsigned char>(*rest_)) return false;
      if (*++rest_ != '\0') return true;
      if (events_ != nullptr) events_->on_literal(literal_, depth_);
      return end_value();
    case State::broken:
      return false;
    default:
      break;
  }
  if (state_ >= State::zero && state_ <= State::exponent_sign) return in_number(c);
  if (is_blank(c)) return true;
  switch (state_) {
    case State::start:
      return begin_value(c);
    case State::value_or_end:
      return c == ']' ? close(c) : begin_value(c);
    case State::value:
      return begin_value(c);
    case State::key_or_end:
      return c == '}' ? close(c) : c == '"' && begin_string(true);
    case State::key:
      return c == '"' && begin_string(true);
    case State::colon:
      return c == ':' && go(State::value);
    case State::after_value:
      if (c != ',') return close(c);
      return go(objects_[depth_ - 1] ? State::key : State::value);
    default:
      return false;  // something behind the end
  }
}

bool JsonStream::begin_value(unsigned char c) {
  switch (c) {
    case '{':
    case '[':
      return open(c == '{');
    case '"':
      return begin_string(false);
    case '-':
      return begin_number(State::minus);
    case '0':
      return begin_number(State::zero);
    case 't':
      return begin_literal("rue", JsonLiteral::true_value);
    case 'f':
      return begin_literal("alse", JsonLiteral::false_value);
    case 'n':
      return begin_literal("ull", JsonLiteral::null);
    default:
      return is_digit(c) && begin_number(State::digits);
  }
}

bool JsonStream::begin_literal(const char* rest, JsonLiteral literal) {
  rest_ = rest;
  literal_ = literal;
  return go(State::literal);
}

bool JsonStream::begin_number(State first) {
  run_ = at_;
  return go(first);
}

bool JsonStream::open(bool object) {
  if (depth_ == kMaxDepth) return false;
  if (events_ != nullptr) {
    events_->on_open(object ? JsonContainer::object : JsonContainer::array, depth_);
  }
  objects_[depth_++] = object;
  return go(object ? State::key_or_end : State::value_or_end);
}

bool JsonStream::close(unsigned char c) {
  const bool object = objects_[depth_ - 1];
  const unsigned char expected = object ? '}' : ']';
  if (c != expected) return false;
  --depth_;
  if (events_ != nullptr) {
    events_->on_close(object ? JsonContainer::object : JsonContainer::array, depth_);
  }
  return end_value();
}

bool JsonStream::begin_string(bool key) {
  in_key_ = key;
  run_ = at_ + 1;
  return go(State::string);
}

bool JsonStream::in_string(unsigned char c) {
  switch (state_) {
    case State::escape:
      return in_escape(c);
    case State::hex:
      return in_hex(c);
    case State::utf8:
      if (c < least_ || c > greatest_) return false;
      least_ = 0x80;
      greatest_ = 0xbf;
      return --left_ > 0 || go(State::string);
    default:
      break;
  }
  if (c == '"') {
    if (events_ != nullptr) tell_run(string_kind(), at_, true);
    return in_key_ ? go(State::colon) : end_value();
  }
  if (c == '\\') {
    if (events_ != nullptr) tell_run(string_kind(), at_, false);
    return go(State::escape);
  }
  return is_plain(c) || (c >= 0x80 && begin_utf8(c));
}

bool JsonStream::in_escape(unsigned char c) {
  if (c == 'u') {
    left_ = 4;
    unit_ = 0;
    return go(State::hex);
  }
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  const auto place = kNames.find(static_cast<char>(c));
  if (place == std::string_view::npos) return false;
  if (events_ != nullptr) tell_octet(kMeant[place]);
  return go(State::string);
}

bool JsonStream::in_hex(unsigned char c) {
  if (!is_hex(c)) return false;
  unit_ = unit_ * 16 + (is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10u);
  if (--left_ > 0) return true;
  if (events_ != nullptr) tell_unit();
  return go(State::string);
}

/// Table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool JsonStream::begin_utf8(unsigned char c) {
  if (c < 0xc2 || c > 0xf4) return false;
  left_ = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
  least_ = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
  greatest_ = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
  return go(State::utf8);
}

bool JsonStream::in_number(unsigned char c) {
  const bool digit = is_digit(c);
  switch (state_) {
    case State::minus:
      return digit && go(c == '0' ? State::zero : State::digits);
    case State::point:
      return digit && go(State::fraction);
    case State::exponent_mark:
      if (c == '+' || c == '-') return go(State::exponent_sign);
      return digit && go(State::exponent);
    case State::exponent_sign:
      return digit && go(State::exponent);
    default:
      break;
  }
  if (digit) return state_ != State::zero;
  if (c == '.' && (state_ == State::zero || state_ == State::digits)) return go(State::point);
  if ((c == 'e' || c == 'E') && state_ != State::exponent) return go(State::exponent_mark);
  if (events_ != nullptr) tell_run(JsonText::number, at_, true);
  end_value();
  return take(c);
}

/// A piece may end here inside a text that goes on, and has been told up to `run_`.
bool JsonStream::in_text() const {
  return state_ == State::string || state_ == State::utf8 ||
         (state_ >= State::zero && state_ <= State::exponent_sign);
}

void JsonStream::tell_run(JsonText kind, const char* end, bool last) {
  if (run_ == end && !last) return;
  if (std::exchange(high_, 0) != 0) events_->on_text(kind, kReplacement, false, depth_);
  events_->on_text(kind, {run_, static_cast<std::size_t>(end - run_)}, last, depth_);
}

/// What an escape stands for; the text goes on behind it.
void JsonStream::tell_octet(char octet) {
  run_ = at_ + 1;
  if (std::exchange(high_, 0) != 0) events_->on_text(string_kind(), kReplacement, false, depth_);
  events_->on_text(string_kind(), {&octet, 1}, false, depth_);
}

/// The same for four hex digits: a code unit of UTF-16.
void JsonStream::tell_unit() {
  run_ = at_ + 1;
  const bool low = unit_ >= 0xdc00 && unit_ < 0xe000;
  const unsigned high = std::exchange(high_, 0);
  if (high != 0 && low) {
    return tell_code_point(0x10000 + ((high - 0xd800) << 10) + (unit_ - 0xdc00));
  }
  if (high != 0) events_->on_text(string_kind(), kReplacement, false, depth_);
  if (unit_ >= 0xd800 && unit_ < 0xdc00) {
    high_ = unit_;
  } else {
    tell_code_point(low ? 0xfffd : unit_);
  }
}

void JsonStream::tell_code_point(unsigned code) {
  std::array<char, 4> octets{};
  std::size_t length = 0;
  const auto put = [&](unsigned octet) { octets[length++] = static_cast<char>(octet); };
  const auto put_rest = [&](unsigned shift) { put(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | (code >> 6));
    put_rest(0);
  } else if (code < 0x10000) {
    put(0xe0 | (code >> 12));
    put_rest(6);
    put_rest(0);
  } else {
    put(0xf0 | (code >> 18));
    put_rest(12);
    put_rest(6);
    put_rest(0);
  }
  events_->on_text(string_kind(), {octets.data(), length}, false, depth_);
}

}  // namespace larder
