// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace larder {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

/// Reads the words of the command line into what `app` fills. Returns the exit code where the
/// program is to end at once: 0 behind what --help, --version or --command-table (command_table.h)
/// prints; kExitUsage where the words are wrong, which is told on stderr in a line that names the
/// wrong word and the nearest known one.
std::optional<int> parse_command_line(CLI::App& app, int count, char** words);

}  // namespace larder
