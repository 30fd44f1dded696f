// SPDX-License-Identifier: Apache-2.0
#include "cache/body/json_stream.h"

#include <cstring>
#include <string>

namespace larder {
namespace {

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

/// All eight octets are plain. Per octet, in the top bit: x - n borrows if x < n, and has_zero() of
/// x ^ c if x == c; a borrow into the next octet only comes from one that is not plain itself.
bool are_plain(std::uint64_t octets) {
  constexpr auto kTop = each_octet(0x80);
  const auto below = [](std::uint64_t x, std::uint64_t n) { return (x - each_octet(n)) & ~x; };
  const auto special = octets | below(octets, 0x20) | below(octets ^ each_octet('"'), 1) |
                       below(octets ^ each_octet('\\'), 1);
  return (special & kTop) == 0;
}

/// The first octet that is not plain, or the end. Most of a document is inside strings.
const char* skip_plain(const char* at, const char* end) {
  std::uint64_t octets = 0;
  while (end - at >= static_cast<std::ptrdiff_t>(sizeof octets)) {
    std::memcpy(&octets, at, sizeof octets);
    if (!are_plain(octets)) break;
    at += sizeof octets;
  }
  while (at != end && is_plain(static_cast<unsigned char>(*at))) ++at;
  return at;
}

}  // namespace

bool JsonStream::feed(std::string_view piece) {
  const char* at = piece.data();
  const char* const end = at + piece.size();
  while (at != end) {
    if (state_ == State::string) {
      at = skip_plain(at, end);
      if (at == end) break;
    }
    if (!take(static_cast<unsigned char>(*at++))) {
      state_ = State::broken;
      return false;
    }
  }
  return state_ != State::broken;
}

bool JsonStream::take(unsigned char c) {
  switch (state_) {
    case State::string:
    case State::escape:
    case State::hex:
    case State::utf8:
      return in_string(c);
    case State::literal:
      if (c != static_cast<unsigned char>(*literal_)) return false;
      return *++literal_ != '\0' || go(State::after_value);
    case State::broken:
      return false;
    default:
      break;
  }
  if (state_ >= State::zero && state_ <= State::exponent_sign) return in_number(c);
  if (is_blank(c)) return true;
  switch (state_) {
    case State::start:
      return (c == '{' || c == '[') && open(c == '{');
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
      return go(State::minus);
    case '0':
      return go(State::zero);
    case 't':
      literal_ = "rue";
      return go(State::literal);
    case 'f':
      literal_ = "alse";
      return go(State::literal);
    case 'n':
      literal_ = "ull";
      return go(State::literal);
    default:
      return is_digit(c) && go(State::digits);
  }
}

bool JsonStream::open(bool object) {
  if (depth_ == kMaxDepth) return false;
  objects_[depth_++] = object;
  return go(object ? State::key_or_end : State::value_or_end);
}

bool JsonStream::close(unsigned char c) {
  if (c != (objects_[depth_ - 1] ? '}' : ']')) return false;
  return go(--depth_ == 0 ? State::end : State::after_value);
}

bool JsonStream::begin_string(bool key) {
  in_key_ = key;
  return go(State::string);
}

bool JsonStream::in_string(unsigned char c) {
  switch (state_) {
    case State::escape:
      left_ = 4;
      if (c == 'u') return go(State::hex);
      return c != '\0' &&
             std::string_view("\"\\/bfnrt").find(static_cast<char>(c)) != std::string_view::npos &&
             go(State::string);
    case State::hex:
      return is_hex(c) && (--left_ > 0 || go(State::string));
    case State::utf8:
      if (c < least_ || c > greatest_) return false;
      least_ = 0x80;
      greatest_ = 0xbf;
      return --left_ > 0 || go(State::string);
    default:
      if (c == '"') return go(in_key_ ? State::colon : State::after_value);
      if (c == '\\') return go(State::escape);
      return is_plain(c) || (c >= 0x80 && begin_utf8(c));
  }
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
  state_ = State::after_value;
  return take(c);
}

}  // namespace larder
