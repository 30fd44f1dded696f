// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "conf/base/clock.h"

namespace larder {

/// `2024-05-01T12:00:00.000Z`
std::string utc_text(WallTime time);

}  // namespace larder
