// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace larder {

/// The form of the body that this client can read and that the origin is asked for.
enum class Representation : std::uint8_t { identity, gzip };

}  // namespace larder
