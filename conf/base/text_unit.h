// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

/// Texts as one meets them in URLs and JSON, character by character. Pure.
namespace larder {

/// One character of a text, with its escape undone.
struct TextUnit {
  char byte;
  std::size_t length;  ///< bytes of the text, at least 1
};

/// May an escape start with this byte?
constexpr bool starts_escape(char c) {
  return c == '%' || c == '\\';
}

/// The character at `at` (< size): `%41`, `%2541`, `\u0041`, `\x41`, `\"` and `\/` stand for one,
/// and so does an escape of JSON that a URL escapes once more: `%5Cu0041`, `%5C%75%30%30%34%31`. An
/// escape of anything but printable ASCII is no escape: the text goes on right behind its first
/// byte, so that "%access_token" still holds a name.
TextUnit unit_at(std::string_view text, std::size_t at);

}  // namespace larder
