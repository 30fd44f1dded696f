// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "conf/config.h"

namespace larder {

/// How long a snapshot may take where nobody says it.
inline constexpr Milliseconds kSnapshotLimitMs = 600'000;

/// `limit_s=1..86400`, at most once: in milliseconds; nothing where it is not that. Pure.
std::optional<Milliseconds> parse_snapshot_query(std::string_view query);

}  // namespace larder
