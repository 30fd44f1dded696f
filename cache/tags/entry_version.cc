// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/entry_version.h"

#include <string>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace larder {

std::optional<EntryVersion> entry_version(std::string_view uid, std::string_view locale,
                                          std::string_view version, std::string_view updated_at) {
  std::string name;
  for (const std::string_view part : {uid, locale, version, updated_at}) {
    if (part.empty()) return std::nullopt;
    name += part;
    name += '\0';
  }
  const XXH128_hash_t hash = XXH3_128bits(name.data(), name.size());
  return EntryVersion{hash.high64, hash.low64};
}

}  // namespace larder
