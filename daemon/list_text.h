// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace larder {

/// `KEY/ENVIRONMENT[/BRANCH]` of a command line; "" = any. nullopt = it is none. Pure.
struct ScopeWords {
  std::string api_key, environment, branch;
};
std::optional<ScopeWords> scope_of_text(std::string_view text);

/// The daemon's answer to `GET /list`, JSON, as a table for each scope. Control characters do not
/// go through. nullopt = it is no such JSON. Pure.
std::optional<std::string> list_text(std::string_view json);

}  // namespace larder
