// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/place.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <string>

namespace larder {

std::uint64_t place_of(std::string_view api_key, std::string_view environment,
                       std::string_view branch) {
  std::string names;
  for (const std::string_view name : {api_key, environment, branch}) {
    names += name;
    names += '\0';
  }
  return XXH3_64bits(names.data(), names.size());
}

}  // namespace larder
