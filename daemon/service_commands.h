// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/control_side.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace larder {

/// Adds `larderctl reload`, `drain` and `check-config`. `side` and `action` outlive the commands;
/// parsing one of them sets `action`.
void add_service_commands(CLI::App& app, const ControlSide& side, ControlAction& action);

}  // namespace larder
