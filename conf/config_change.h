// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"

/// How the table of keys tells and takes over what a configuration that was read again changes.
namespace larder {

/// When a changed value takes effect.
enum class Effect : std::uint8_t {
  at_once,     ///< with the reload
  at_restart,  ///< the running value stays until then
};

struct ConfigChange {
  std::string key;   ///< with its sections: "ttl.entry.fresh", "stack blt1.scope live.branches"
  std::string what;  ///< "60s -> 30s"; of tokens only how many come and go
};

struct ConfigChanges {
  std::vector<ConfigChange> at_once;
  std::vector<ConfigChange> at_restart;

  std::vector<ConfigChange>& of(Effect effect) {
    return effect == Effect::at_once ? at_once : at_restart;
  }
};

// Values as they are shown; holds for every type of a key but secrets.
std::string value_text(std::uint64_t number);
std::string value_text(bool flag);
std::string value_text(const std::string& text);
std::string value_text(const std::vector<std::string>& texts);
std::string value_text(const ListenAddress& address);
std::string value_text(const std::vector<ListenAddress>& addresses);

/// "1 added, 2 removed", "in another order", or "" when nothing differs.
std::string secrets_difference(const std::vector<Secret>& running, const std::vector<Secret>& read);

}  // namespace larder
