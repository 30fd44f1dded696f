// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "cache/scope/scope.h"

namespace larder {

/// A branch of a stack as one environment shows it, whatever token asks: what purges by tags mean.
/// A hash of the three names (XXH3-64), the same on every machine, since objects carry it.
std::uint64_t place_of(std::string_view api_key, std::string_view environment,
                       std::string_view branch);
/// Of a branch whatever environment shows it: a schema is the same in all.
inline std::uint64_t branch_place(std::string_view api_key, std::string_view branch) {
  return place_of(api_key, {}, branch);
}
inline std::uint64_t place_of(const Scope& scope) {
  return place_of(scope.api_key, scope.environment, scope.branch);
}

}  // namespace larder
