// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cache/response.h"

namespace larder {

/// As much as a cache must be able to hold (RFC 9111 section 1.2.2); more counts as this.
inline constexpr std::int64_t kMaxDeltaSeconds = std::int64_t{1} << 31;

/// delta-seconds; nullopt for anything but digits.
std::optional<std::int64_t> parse_delta_seconds(std::string_view text);

/// Adds a second Cache-Control field: the stricter of both wins.
void merge_cache_control(const CacheControl& more, CacheControl& control);

}  // namespace larder
