// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cache/tags/tag_set.h"

namespace larder {

/// The content type that a path of the Content Delivery API names, decoded; "" = none.
std::string content_type_of(std::string_view path);

/// What a query has included beside the entries that it asks for.
enum class Inclusion : std::uint8_t {
  none,
  references,  ///< referenced entries, each whole
  parts,  ///< less than whole entries, or embedded ones: not all that is shown says its version
};

/// Adds what an answer depends on as its request alone tells, whatever is in its body: path and
/// query are those of the CanonicalRequest. An answer that says "not found" may change with any
/// entry of the content type, so `found` is false for it. Gives what is
/// included besides, of which no tag tells.
Inclusion add_request_tags(std::string_view path, std::string_view query, bool found, TagSet& tags);

}  // namespace larder
