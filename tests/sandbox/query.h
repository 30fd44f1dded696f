// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "tests/sandbox/content.h"
#include "tests/sandbox/json.h"

/// The `query` parameter: which objects a list shows.
namespace sandbox {

/// Whether the object fulfils the condition, in the way of the Content Delivery API: every member
/// must hold, a value may be plain (equal, or contained in an array) or an object of operators.
/// Unknown operators never hold.
bool matches(const Space& space, const Json& object, const Json& condition);

/// Case-insensitive search in all strings of an object (`typeahead`).
bool mentions(const Json& object, std::string_view text);

/// The value at a dotted path. Goes into arrays: the values of all elements, as an array. Null
/// when there is none.
Json value_at(const Json& object, std::string_view path);

/// -1, 0, 1; null before numbers before strings before the rest.
int compare(const Json& a, const Json& b);

}  // namespace sandbox
