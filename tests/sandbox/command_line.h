// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>

#include "tests/sandbox/server.h"

namespace sandbox {

/// What --help prints: options, credentials, content and the control server's calls.
extern const char* const kHelp;

/// The words are wrong; the text names the wrong one and what was probably meant.
struct UsageError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// Throws UsageError. --help and --version are not among them.
Options parse_command_line(int count, char** words);

}  // namespace sandbox
