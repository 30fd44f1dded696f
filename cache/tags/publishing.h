// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "cache/tags/tag.h"
#include "conf/base/clock.h"

namespace larder {

/// That an entry or asset was published: what an answer says of each that it shows
/// (`publish_details`), and an event of the one that it tells.
struct Publishing {
  Tag what;                  ///< entry_tag() or asset_tag()
  std::uint64_t locale = 0;  ///< locale_hash() of the one that it was published to
  WallTime time;             ///< by the clock of the CMS
  friend bool operator==(const Publishing&, const Publishing&) = default;
};

std::uint64_t locale_hash(std::string_view locale);

}  // namespace larder
