// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "conf/config.h"

namespace larder {

/// One whole configuration, as it was read once. Never changed: a reload makes another one, with
/// the next generation. A thread takes a new one over between two of its turns, by a message; what
/// began with an older one keeps that.
struct Settings {
  Config config;
  std::uint64_t generation = 1;  ///< 1 = of the start; grows by one with each reload that succeeds
};

using SettingsPtr = std::shared_ptr<const Settings>;

}  // namespace larder
