// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "conf/base/clock.h"

namespace larder {

/// The moment that a text of RFC 3339 names, as the CMS writes them: `2020-04-03T11:20:28.312Z`,
/// with any number of digits behind the point or none, with `Z` or an offset. Pure.
std::optional<WallTime> parse_event_time(std::string_view text);

}  // namespace larder
