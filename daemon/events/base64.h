// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace larder {

/// Base64 of RFC 4648 section 4: whole groups of four with their padding, nothing else between or
/// behind, no bits set that stand for nothing. Pure.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace larder
