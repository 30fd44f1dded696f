// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "conf/config.h"

namespace larder {

/// Kind of resource, from the path: picks the TTL policy.
enum class Kind : std::uint8_t { entry, list, asset, content_type, taxonomy, sync };

/// The policy for a kind and status.
const TtlPolicy& policy_for(const TtlConfig& config, Kind kind, int status);

}  // namespace larder
