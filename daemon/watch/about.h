// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "conf/base/clock.h"

namespace larder {

/// The part of the metrics that is about this process: version, settings, start, CPU, memory. Any
/// thread. `generation`: of the settings in use.
std::string about_text(std::uint64_t generation, WallTime started);

}  // namespace larder
