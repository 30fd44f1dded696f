// SPDX-License-Identifier: Apache-2.0
#include "conf/base/text_unit.h"

#include <array>
#include <optional>

#include "conf/base/hex.h"

namespace larder {
namespace {

constexpr std::size_t kMaxBackslashes = 8;  ///< before an escape; keeps the work linear

/// The printable character that two hex digits at `at` stand for.
std::optional<char> hex_pair(std::string_view text, std::size_t at) {
  if (at > text.size()) return std::nullopt;
  const int value = hex_octet(text.substr(at));
  if (value < 0x20 || value > 0x7E) return std::nullopt;
  return static_cast<char>(value);
}

TextUnit percent_unit(std::string_view text, std::size_t at) {
  std::optional<char> byte = hex_pair(text, at + 1);
  if (!byte) return {'%', 1};
  std::size_t length = 3;
  while (*byte == '%') {
    const std::optional<char> inner = hex_pair(text, at + length);
    if (!inner) break;
    byte = inner;
    length += 2;
  }
  return {*byte, length};
}

/// What a URL says: JSON lies within it.
TextUnit url_unit(std::string_view text, std::size_t at) {
  return text[at] == '%' ? percent_unit(text, at) : TextUnit{text[at], 1};
}

/// The next characters of what a URL says, and where each ends.
struct Ahead {
  static constexpr std::size_t kMost = 5;  ///< `u0041`
  std::array<char, kMost> bytes{};
  std::array<std::size_t, kMost> ends{};
  std::size_t count = 0;

  Ahead(std::string_view text, std::size_t at) {
    while (count < kMost && at < text.size()) {
      const TextUnit unit = url_unit(text, at);
      at += unit.length;
      bytes[count] = unit.byte;
      ends[count++] = at;
    }
  }
  std::string_view view() const { return {bytes.data(), count}; }
};

/// `first`: the backslash itself.
TextUnit backslash_unit(std::string_view text, std::size_t at, TextUnit first) {
  std::size_t next = at + first.length;
  std::size_t backslashes = 1;
  for (; next < text.size() && backslashes < kMaxBackslashes; ++backslashes) {
    const TextUnit unit = url_unit(text, next);
    if (unit.byte != '\\') break;
    next += unit.length;
  }
  const Ahead ahead(text, next);
  const std::string_view rest = ahead.view();
  const std::size_t skip = rest.starts_with("u00") ? 3 : rest.starts_with("x") ? 1 : 0;
  if (skip > 0) {
    if (const auto byte = hex_pair(rest, skip)) return {*byte, ahead.ends[skip + 1] - at};
  }
  const bool escaped =
      backslashes == 1 && !rest.empty() && (rest[0] == '"' || rest[0] == '\'' || rest[0] == '/');
  return escaped ? TextUnit{rest[0], ahead.ends[0] - at} : first;
}

}  // namespace

TextUnit unit_at(std::string_view text, std::size_t at) {
  const TextUnit unit = url_unit(text, at);
  return unit.byte == '\\' ? backslash_unit(text, at, unit) : unit;
}

}  // namespace larder
