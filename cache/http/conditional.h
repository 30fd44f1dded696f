// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

/// Conditional requests (RFC 9110 section 13). Pure.
namespace larder {

/// If-None-Match by weak comparison: `*`, or a list with this tag in it. Malformed lists do not
/// match.
bool none_match_hits(std::string_view if_none_match, std::string_view quoted_tag);

}  // namespace larder
