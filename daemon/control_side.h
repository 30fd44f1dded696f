// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

namespace larder {

/// What all commands of larderctl have in common.
struct ControlSide {
  std::string socket = "/run/larder/admin.sock";
  long timeout_s = 60;
};

/// What the command on the command line is to do: its exit code.
using ControlAction = std::function<int()>;

inline constexpr int kExitNothingFound = 3;

}  // namespace larder
