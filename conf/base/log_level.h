// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace larder {

/// Of the diagnostic log, by who must act; see conf/base/log.h.
enum class LogLevel : std::uint8_t { error, warning, info, debug };

}  // namespace larder
