// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace larder {

/// What `--help` tells, for programs: manual pages and completions are made of it. A line for the
/// app and each command below it, behind which come those of its options; fields with tabs between:
///
///     command  PATH  PURPOSE
///     option   PATH  NAMES  VALUE  DEFAULT  PURPOSE
///
/// PATH is empty for the app, "purge url" for a command below one. NAMES has commas between; of
/// what has no dashes it is the place of the word. VALUE is empty for a flag, and ends in ... where
/// it may be repeated. Line breaks in a text are blanks.
std::string command_table(const CLI::App& app);

}  // namespace larder
