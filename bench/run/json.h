// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

namespace larder::bench {

/// Reports keep the order in which they are written.
using Json = nlohmann::ordered_json;

}  // namespace larder::bench
