// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace larder {

/// The daemon's answer to GET /top, JSON, as two tables for a person: URLs and scopes. nullopt = it
/// is not such JSON. Pure.
std::optional<std::string> top_text(std::string_view json);

}  // namespace larder
