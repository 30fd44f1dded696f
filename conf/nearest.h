// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace larder {

/// The name that `word` was most likely meant to be: it begins with it, or is near by edit distance
/// (insert, delete, replace or swap neighbours). Empty when none is. Pure.
std::string_view nearest_name(std::string_view word, std::span<const std::string_view> names);

}  // namespace larder
