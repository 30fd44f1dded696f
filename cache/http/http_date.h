// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "conf/base/clock.h"

namespace larder {

/// HTTP-date in its three forms (RFC 9110 section 5.6.7), always UTC; names in upper or lower case.
/// The day of the week is not checked against the date. Two-digit years are 1970 to 2069.
std::optional<WallTime> parse_http_date(std::string_view text);

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
std::string format_http_date(WallTime at);

}  // namespace larder
