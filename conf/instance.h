// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "conf/config.h"

/// How larders in a row know themselves and each other, in the field CDN-Loop (RFC 8586).
namespace larder {

inline constexpr std::string_view kLarderPrefix = "larder-";
inline constexpr std::size_t kMaxInstanceIdBytes = 64;

/// 1 to 64 letters, digits and `-` `_` `.`.
bool is_instance_word(std::string_view text);

/// Is an element of CDN-Loop, without parameters, the name of some larder?
bool is_larder_name(std::string_view element);

/// The name of this one: "larder-" and `server.instance_id`, or what was drawn at random when this
/// process first asked. Any thread.
std::string larder_name(const ServerConfig& server);

}  // namespace larder
