// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "conf/config.h"

namespace larder {

/// Kind of resource, from the path: picks the TTL policy.
enum class Kind : std::uint8_t { entry, list, asset, content_type, taxonomy, sync };
inline constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::sync) + 1;
/// As in `[ttl.KIND]`.
const char* name_of(Kind kind);

/// The policy for a kind and status.
const TtlPolicy& policy_for(const TtlConfig& config, Kind kind, int status);

}  // namespace larder
