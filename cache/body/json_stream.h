// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>

namespace larder {

/// Says of a text that comes in pieces whether it is a well-formed JSON object or array (RFC 8259):
/// UTF-8, nothing behind it, at most `kMaxDepth` deep. Needs the same little memory for any text.
class JsonStream {
 public:
  static constexpr unsigned kMaxDepth = 1024;

  /// The next piece. False = this is the beginning of no such text, whatever follows.
  bool feed(std::string_view piece);
  /// What has come is a whole one.
  bool complete() const { return state_ == State::end; }

 private:
  enum class State : std::uint8_t {
    start,
    value,
    value_or_end,  ///< behind [
    key,
    key_or_end,  ///< behind {
    colon,
    after_value,
    string,
    escape,
    hex,
    utf8,
    literal,
    // Numbers: those that may end where they are, and those that may not.
    zero,
    digits,
    fraction,
    exponent,
    minus,
    point,
    exponent_mark,
    exponent_sign,
    end,
    broken,
  };

  bool take(unsigned char c);
  bool begin_value(unsigned char c);
  bool open(bool object);
  bool close(unsigned char c);
  bool begin_string(bool key);
  bool begin_utf8(unsigned char c);
  bool in_string(unsigned char c);
  bool in_number(unsigned char c);
  bool go(State next) {
    state_ = next;
    return true;
  }

  State state_ = State::start;
  bool in_key_ = false;
  std::uint8_t left_ = 0;                   ///< of hex digits, or of a character's octets
  unsigned char least_ = 0, greatest_ = 0;  ///< bounds of the next octet
  const char* literal_ = nullptr;           ///< what must follow
  unsigned depth_ = 0;
  std::bitset<kMaxDepth> objects_;  ///< which of the open containers are objects
};

}  // namespace larder
