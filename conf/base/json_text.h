// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace larder {

/// Appends `text` as a JSON string with its quotes: control characters, `"` and `\` escaped, and
/// every ill-formed UTF-8 sequence replaced by U+FFFD, so that the result is always valid JSON
/// and holds no line break.
void append_json_string(std::string& out, std::string_view text);

/// The same as a new string.
std::string json_quote(std::string_view text);

}  // namespace larder
