// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace larder {

/// Of the daemon's status, JSON, what it says of origin hosts, as text for a person: health, why,
/// since when, and when the next probe goes. nullopt = it is not such JSON. Pure.
std::optional<std::string> hosts_text(std::string_view status, bool colours);

/// The same part as a JSON array on one line. Pure.
std::optional<std::string> hosts_json(std::string_view status);

}  // namespace larder
