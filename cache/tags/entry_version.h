// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "cache/tags/tag.h"

namespace larder {

/// One version of an entry in one locale, which the CMS has made once and never changes: a hash
/// (XXH3-128). The time of the edit tells versions of the same number in different branches apart.
struct EntryVersion {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const EntryVersion&, const EntryVersion&) = default;
};

struct EntryVersionHash {
  std::size_t operator()(const EntryVersion& version) const { return version.low; }
};

/// Of what an entry says of itself: `locale`, `_version`, `updated_at`. Nothing = it does not say
/// all of it.
std::optional<EntryVersion> entry_version(std::string_view uid, std::string_view locale,
                                          std::string_view version, std::string_view updated_at);

/// What a version of an entry refers to.
struct RawEntry {
  EntryVersion version;
  Tag content_type;             ///< content_tag()
  std::vector<Tag> references;  ///< reference_tag() of each; others may be among them
};

}  // namespace larder
