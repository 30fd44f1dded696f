// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

/// How `Redactor` finds what nobody told it of: credentials by their names and by their shape.
/// Pure; of use to redact.cc alone.
namespace larder {

/// Bytes [begin, end) of a text.
struct Span {
  std::size_t begin;
  std::size_t end;
};

/// One character of a text, with its escape undone.
struct TextUnit {
  char byte;
  std::size_t length;  ///< bytes of the text, at least 1
};

/// May an escape start with this byte?
constexpr bool starts_escape(char c) {
  return c == '%' || c == '\\';
}

/// The character at `at` (< size): `%41`, `%2541`, `\u0041`, `\x41`, `\"` and `\/` stand for one.
/// An escape of anything but printable ASCII is no escape: the text goes on right behind its first
/// byte, so that "%access_token" still holds a name.
TextUnit unit_at(std::string_view text, std::size_t at);

/// Adds the value behind each credential's name, without its quotes.
void find_named_values(std::string_view text, std::vector<Span>& spans);

/// Adds each word that looks like a token.
void find_token_shapes(std::string_view text, std::vector<Span>& spans);

}  // namespace larder
