// SPDX-License-Identifier: Apache-2.0
#include "conf/base/text_unit.h"

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

TextUnit backslash_unit(std::string_view text, std::size_t at) {
  std::size_t next = at;
  while (next < text.size() && next < at + kMaxBackslashes && text[next] == '\\') ++next;
  const std::string_view rest = text.substr(next);
  const std::size_t skip = rest.starts_with("u00") ? 3 : rest.starts_with("x") ? 1 : 0;
  if (skip > 0) {
    if (const auto byte = hex_pair(text, next + skip)) return {*byte, next + skip + 2 - at};
  }
  const bool escaped =
      next == at + 1 && !rest.empty() && (rest[0] == '"' || rest[0] == '\'' || rest[0] == '/');
  return escaped ? TextUnit{rest[0], 2} : TextUnit{'\\', 1};
}

}  // namespace

TextUnit unit_at(std::string_view text, std::size_t at) {
  if (text[at] == '%') return percent_unit(text, at);
  if (text[at] == '\\') return backslash_unit(text, at);
  return {text[at], 1};
}

}  // namespace larder
