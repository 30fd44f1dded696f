// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "conf/config.h"

/// Contentstack's regions. A stack lives in exactly one, and no key or token tells which.
namespace larder {

/// The delivery and preview host of a region, by its name or an alias in lower case: na (us,
/// aws-na), eu, au, azure-na, azure-eu, gcp-na, gcp-eu. nullopt = no such region.
std::optional<Hosts> hosts_of_region(std::string_view name);

/// All names and aliases, for messages.
std::vector<std::string_view> region_names();

}  // namespace larder
