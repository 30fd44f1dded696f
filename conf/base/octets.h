// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "conf/base/hex.h"  // IWYU pragma: export

/// Classes of octets in HTTP messages and URLs, by table.
namespace larder {

enum OctetClass : std::uint8_t {
  kUnreserved = 1,  ///< RFC 3986 section 2.3
  kTokenChar = 2,   ///< RFC 9110 section 5.6.2
  kPathChar = 4,    ///< raw in a request's path; '%' and '?' are not
  kQueryChar = 8,   ///< raw in a request's query; '%' is not. What fetch() leaves raw is, like `|`,
                    ///< and `{`, `}`, `"`, which an SDK sends
  kHostChar = 16,   ///< raw in a host's registered name, without ','; '%' is not
  kControl = 32,    ///< below 0x20, and 0x7f
  kVisible = 64,    ///< ASCII above the blank
};

namespace octets_detail {

constexpr bool in(std::string_view set, int c) {
  return set.find(static_cast<char>(c)) != std::string_view::npos;
}

constexpr std::uint8_t classes(int c) {
  const bool letter_or_digit =
      (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  const bool visible = c > 0x20 && c < 0x7f;
  int result = 0;
  if (letter_or_digit || in("-._~", c)) result |= kUnreserved;
  if (letter_or_digit || in("!#$%&'*+-.^_`|~", c)) result |= kTokenChar;
  if (visible && !in("\"<>\\^`{|}#%?", c)) result |= kPathChar;
  if (visible && !in("<>#%", c)) result |= kQueryChar;
  if (letter_or_digit || in("-._~!$&'()*+;=", c)) result |= kHostChar;
  if (c < 0x20 || c == 0x7f) result |= kControl;
  if (visible) result |= kVisible;
  return static_cast<std::uint8_t>(result);
}

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  for (int c = 0; c < 256; ++c) table[static_cast<std::size_t>(c)] = classes(c);
  return table;
}

inline constexpr auto kClasses = make_classes();

}  // namespace octets_detail

constexpr bool is_octet(char c, OctetClass wanted) {
  return (octets_detail::kClasses[static_cast<unsigned char>(c)] & wanted) != 0;
}

constexpr bool all_octets(std::string_view text, OctetClass wanted) {
  for (const char c : text) {
    if (!is_octet(c, wanted)) return false;
  }
  return true;
}

constexpr bool any_octet(std::string_view text, OctetClass wanted) {
  for (const char c : text) {
    if (is_octet(c, wanted)) return true;
  }
  return false;
}

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/// Without blanks (SP, HTAB) at both ends.
constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// ASCII case-insensitive equality.
constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

/// Takes the next element off a list of which a comma ends each, trimmed. A comma in quotes would
/// end an element too: only for lists without quoted strings.
constexpr std::string_view take_list_element(std::string_view& list) {
  const std::size_t comma = list.find(',');
  const std::string_view element = list.substr(0, comma);
  list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  return trim(element);
}

}  // namespace larder
