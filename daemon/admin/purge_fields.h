// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace larder {

/// The parts of a request for a purge, by name; a flag is `1` or `0`. None is empty.
using PurgeFields = std::map<std::string, std::string, std::less<>>;

/// Of a query string or of a JSON object with texts and flags; or what is wrong with it. Pure.
std::variant<PurgeFields, std::string> purge_fields_of_query(std::string_view query);
std::variant<PurgeFields, std::string> purge_fields_of_json(std::string_view json);

}  // namespace larder
