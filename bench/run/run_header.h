// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace larder::bench {

/// Two lines above the tables of a run, so that figures can be told apart later: program, version,
/// command, CPU and system; then the settings, the given and the default ones. Values of
/// credentials are left out.
std::string run_header(const CLI::App& command);

/// The first "model name" of a /proc/cpuinfo; "" = it has none.
std::string cpu_model(std::string_view cpuinfo);

/// `command`'s options with their values: "--sizes 1K,10K, --spin".
std::string settings_text(const CLI::App& command);

}  // namespace larder::bench
