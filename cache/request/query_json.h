// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// JSON as text (RFC 8259), rewritten without being understood.
namespace larder {

/// Writes `json` in one form: no white space outside strings, and each character of a string the
/// shortest way (`\/` is `/`, `\u00e9` is UTF-8; quotes, backslashes and control characters stay
/// escaped). Order of keys, duplicates and the text of numbers stay. `out` has room for as many
/// octets as `json` has: the result is never longer. Returns its length, or npos when `json` is not
/// JSON, is nested deeper than 128, or has a surrogate alone: then what `out` holds means nothing.
std::size_t canonical_json(std::string_view json, char* out);

/// True for an object or array by the grammar, nested up to 1024 deep. Does not look at UTF-8.
bool is_json_text(std::string_view json);

}  // namespace larder
