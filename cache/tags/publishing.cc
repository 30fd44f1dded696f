// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/publishing.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace larder {

std::uint64_t locale_hash(std::string_view locale) {
  return XXH3_64bits(locale.data(), locale.size());
}

}  // namespace larder
