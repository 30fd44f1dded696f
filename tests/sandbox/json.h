// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

namespace sandbox {

/// Keys keep their order: equal content renders to equal bytes.
using Json = nlohmann::ordered_json;

}  // namespace sandbox
