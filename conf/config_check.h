// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "conf/config.h"
#include "conf/mistake.h"
#include "conf/toml_reader.h"

namespace larder {

/// What no single value shows: what is missing, given twice or contradicts. `file` is the root
/// that `config` was read from, for what was written at all and where. A value that was refused on
/// its own left its default or an empty item behind and causes no further mistake here.
void check_config(const Config& config, const TomlValue& file, std::vector<Mistake>& mistakes);

/// The same for listeners, stacks and webhooks; parts of the above.
void check_addresses(const Config& config, const TomlValue& file, std::vector<Mistake>& mistakes);
void check_stacks(const Config& config, const TomlValue& file, std::vector<Mistake>& mistakes);
void check_webhook(const Config& config, const TomlValue& file, std::vector<Mistake>& mistakes);
void check_tls(const Config& config, const TomlValue& file, std::vector<Mistake>& mistakes);
void check_bus(const BusConfig& bus, const TomlValue& file, std::vector<Mistake>& mistakes);

/// The line of what `path` leads to (`stack 1 scope 0 api_key`: keys, and indexes of arrays), or of
/// the last thing on the way that is there; 0 = nothing is.
struct PathStep {
  PathStep(const char* member) : key(member) {}
  PathStep(std::size_t item) : index(item) {}
  std::string_view key;  ///< empty = the index counts
  std::size_t index = 0;
};
int line_at(const TomlValue& file, std::initializer_list<PathStep> path);

}  // namespace larder
