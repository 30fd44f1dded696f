// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace larder {

/// The daemon's status, JSON, as aligned text for a person, in groups; `colours` by ANSI escapes.
/// Of the texts in it no control character goes through, for some come from origins. Fields that a
/// daemon of another version lacks are left out. nullopt = it is not such JSON. Pure.
std::optional<std::string> status_text(std::string_view json, bool colours);

}  // namespace larder
