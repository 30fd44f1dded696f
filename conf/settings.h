// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "conf/config.h"
#include "conf/config_change.h"

namespace larder {

/// One whole configuration, as it was read once. Never changed: a reload makes another one, with
/// the next generation. A thread takes a new one over between two of its turns, by a message; what
/// began with an older one keeps that.
struct Settings {
  Config config;
  std::uint64_t generation = 1;  ///< 1 = of the start; grows by one with each reload that succeeds
};

using SettingsPtr = std::shared_ptr<const Settings>;

/// What a configuration that was read again does to the running one. The column of the table of
/// keys (config_table.cc) says of each key whether it changes at once; one that does not keeps the
/// running value. Whether larder is open or has stacks changes at a restart only.
struct ReloadPlan {
  SettingsPtr next;                         ///< null = nothing changes at once
  std::vector<ConfigChange> applied;        ///< in `next`
  std::vector<ConfigChange> needs_restart;  ///< not in `next`
};

/// Pure. `read` is free of mistakes.
ReloadPlan plan_reload(const Settings& running, Config read);

}  // namespace larder
