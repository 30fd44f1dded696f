// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cache/request/canonical.h"
#include "cache/tags/required_values.h"
#include "cache/tags/tag_set.h"

namespace larder {

/// The content type that a path of the Content Delivery API names, decoded; "" = none.
std::string content_type_of(std::string_view path);

/// What the filter of a query of the Content Delivery API requires; nothing = see RequiredValues.
std::optional<RequiredValues> required_values_of(std::string_view query);

/// May an answer to this query show entries that others refer to? True of what larder does not
/// know.
bool may_include(std::string_view query);

/// What a query has included beside the entries that it asks for.
enum class Inclusion : std::uint8_t {
  none,
  references,  ///< referenced entries, each whole
  parts,  ///< less than whole entries, or embedded ones: not all that is shown says its version
};

/// Adds what an answer depends on as its request alone tells, whatever is in its body. An answer
/// that says "not found" (`found` is false for it) may change with the entry that was asked for, a
/// list with any entry of the content type, both with the content type. Gives what is included
/// besides, of which no tag tells.
Inclusion add_request_tags(const CanonicalRequest& request, bool found, TagSet& tags);

}  // namespace larder
