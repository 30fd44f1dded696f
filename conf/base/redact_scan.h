// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

/// How `Redactor` finds what nobody told it of: credentials by their names and by their shape.
/// Pure; of use to redact.cc, and to whoever rather takes no text than one to be redacted.
namespace larder {

/// Bytes [begin, end) of a text.
struct Span {
  std::size_t begin;
  std::size_t end;
};

/// Adds the value behind each credential's name, without its quotes.
void find_named_values(std::string_view text, std::vector<Span>& spans);

/// Adds each word that looks like a token.
void find_token_shapes(std::string_view text, std::vector<Span>& spans);

}  // namespace larder
