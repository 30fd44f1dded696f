// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace larder {

/// The daemon's answer to `GET /tags`, JSON, as lines for a person: each stored object with its
/// scope, its state and its tags. Control characters do not go through. nullopt = it is no such
/// JSON. Pure.
std::optional<std::string> tags_text(std::string_view json);

}  // namespace larder
