// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace larder {

/// The daemon's answer to `GET /explain`, JSON, as lines for a person: the request, then each scope
/// with what the next request gets and why, what is stored and the last decisions. Control
/// characters do not go through. nullopt = it is no such JSON. Pure.
std::optional<std::string> explain_text(std::string_view json);

}  // namespace larder
