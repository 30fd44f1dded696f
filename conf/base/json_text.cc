// SPDX-License-Identifier: Apache-2.0
#include "conf/base/json_text.h"

#include <cstddef>

#include "conf/base/hex.h"

namespace larder {
namespace {

unsigned char byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

/// The sequence of UTF-8 that starts at `at`, by the table "Well-Formed UTF-8 Byte Sequences" of
/// the Unicode standard; `length` of an ill-formed one is its longest well-formed beginning (at
/// least 1), which is replaced as a whole.
struct Utf8Sequence {
  std::size_t length;
  bool well_formed;
};

Utf8Sequence utf8_sequence(std::string_view text, std::size_t at) {
  const unsigned char first = byte_at(text, at);
  if (first < 0x80) return {1, true};
  std::size_t wanted = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    wanted = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    wanted = 3;
    if (first == 0xE0) low = 0xA0;   // shorter form exists
    if (first == 0xED) high = 0x9F;  // surrogates
  } else if (first >= 0xF0 && first <= 0xF4) {
    wanted = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;  // beyond U+10FFFF
  } else {
    return {1, false};
  }
  for (std::size_t i = 1; i < wanted; ++i) {
    if (at + i == text.size() || byte_at(text, at + i) < low || byte_at(text, at + i) > high) {
      return {i, false};
    }
    low = 0x80;
    high = 0xBF;
  }
  return {wanted, true};
}

bool stands_for_itself(unsigned char c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

void append_escape(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      append_hex(out, c);
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.reserve(out.size() + text.size() + 2);
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && stands_for_itself(byte_at(text, end))) ++end;
    out.append(text, at, end - at);
    at = end;
    if (at == text.size()) break;
    if (byte_at(text, at) < 0x80) {
      append_escape(out, byte_at(text, at));
      ++at;
      continue;
    }
    const Utf8Sequence sequence = utf8_sequence(text, at);
    if (sequence.well_formed) {
      out.append(text, at, sequence.length);
    } else {
      out += "\xEF\xBF\xBD";
    }
    at += sequence.length;
  }
  out += '"';
}

std::string json_quote(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

}  // namespace larder
