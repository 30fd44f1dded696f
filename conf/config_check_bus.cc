// SPDX-License-Identifier: Apache-2.0
#include "conf/config_check.h"

namespace larder {

void check_bus(const BusConfig& bus, const TomlValue& file, std::vector<Mistake>& mistakes) {
  const auto at = [&](const char* key) { return line_at(file, {"bus", key}); };
  const bool local = bus.address.starts_with("unix:");
  if (bus.tls && local) {
    mistakes.push_back({at("tls"), "bus.tls is true, and bus.address is a socket file",
                        "remove it, or give HOST:PORT"});
  }
  if (!bus.tls && !bus.ca_file.empty()) {
    mistakes.push_back(
        {at("ca_file"), "bus.ca_file is given, and bus.tls is not true", "add tls = true"});
  }
  if (!bus.username.empty() && bus.password.empty()) {
    mistakes.push_back({at("username"), "bus.username is given without bus.password",
                        "give both, or the password alone"});
  }
  if (bus.address.empty() && !bus.password.empty()) {
    mistakes.push_back({at("password"), "bus.password is given, and bus.address is not",
                        "give the address of Redis, or remove the password"});
  }
}

}  // namespace larder
