// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conf/config_change.h"

namespace larder {

/// What there is to know of a key of the configuration file, beside what it is for.
struct KeyFacts {
  std::string path;     ///< "ttl.entry.fresh"
  std::string allowed;  ///< "a duration, 0s to 365d"
  std::string initial;  ///< the default; empty = none
  Effect effect = Effect::at_once;
};

/// All keys, in the order of the table in config_table.cc.
std::vector<KeyFacts> config_reference();

/// config_reference() as lines of PATH, ALLOWED, DEFAULT and `reload` or `restart`, with tabs
/// between.
std::string config_reference_text();

/// KeyFacts::allowed of a region: its names and aliases.
std::string allowed_regions();

}  // namespace larder
