// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>

#include "cache/body/json_events.h"

namespace larder {

/// Says of a text that comes in pieces whether it is a well-formed JSON value (RFC 8259): UTF-8,
/// nothing behind it, at most `kMaxDepth` deep. Needs the same little memory for any text.
/// Where the pieces are cut changes nothing but the parts in which JsonEvents::on_text() comes.
class JsonStream {
 public:
  static constexpr unsigned kMaxDepth = 1024;

  /// `events`, if any, is told of what the text is made of; it outlives the stream.
  explicit JsonStream(JsonEvents* events = nullptr) : events_(events) {}

  /// The next piece. False = this is the beginning of no such text, whatever follows.
  bool feed(std::string_view piece);
  /// What has come is a whole one.
  bool complete() const { return state_ == State::end || is_whole_number(); }
  /// It is whole, and nothing but blanks could follow. Of a number outside of any container only
  /// the end of the input shows that it is whole.
  bool ends_itself() const { return state_ == State::end; }
  /// Nothing follows; as complete(). Tells `events` of the end of such a number.
  bool finish();

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
  bool in_escape(unsigned char c);
  bool in_hex(unsigned char c);
  bool begin_literal(const char* rest, JsonLiteral literal);
  bool begin_number(State first);
  bool in_number(unsigned char c);
  bool in_text() const;
  bool end_value() { return go(depth_ == 0 ? State::end : State::after_value); }
  bool is_whole_number() const {
    return depth_ == 0 && state_ >= State::zero && state_ <= State::exponent;
  }
  void tell_run(JsonText kind, const char* end, bool last);
  void tell_octet(char octet);
  void tell_unit();
  void tell_code_point(unsigned code);
  JsonText string_kind() const { return in_key_ ? JsonText::key : JsonText::string; }
  bool go(State next) {
    state_ = next;
    return true;
  }

  JsonEvents* events_;
  State state_ = State::start;
  bool in_key_ = false;
  std::uint8_t left_ = 0;                   ///< of hex digits, or of a character's octets
  unsigned char least_ = 0, greatest_ = 0;  ///< bounds of the next octet
  const char* rest_ = nullptr;              ///< of a literal: what must follow
  JsonLiteral literal_ = JsonLiteral::null;
  unsigned depth_ = 0;
  std::bitset<kMaxDepth> objects_;  ///< which of the open containers are objects
  // For `events_` only. The pointers lie in the piece that is being fed.
  const char* at_ = nullptr;   ///< the octet that is being taken
  const char* run_ = nullptr;  ///< begin of what was not told yet of a text
  unsigned unit_ = 0;          ///< of a \u escape, so far
  unsigned high_ = 0;          ///< the first half of a surrogate pair, not told yet
};

}  // namespace larder
