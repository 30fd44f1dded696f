// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "daemon/json_fields.h"

/// What lines about stored objects have in common, of the JSON that the daemon gives of each. Fit
/// for a terminal. Pure.
namespace larder {

/// `KEY / ENVIRONMENT / BRANCH`; a part that is not known as `-`.
std::string scope_text_of(const nlohmann::json& object);
/// Path and query.
std::string url_text_of(const nlohmann::json& object);
/// What lookups make of it, in words.
std::string state_text_of(const nlohmann::json& object);
/// `200, gzip, 1234 bytes, list`
std::string answer_text_of(const nlohmann::json& object);
/// `12 s`
std::string seconds_of(const nlohmann::json& object, const char* name);
/// `for 12 s`, or `no more`
std::string left_of(const nlohmann::json& object, const char* name);
/// A line with a label; none of an empty value.
void append_label(std::string& out, const char* name, const std::string& value);

}  // namespace larder
