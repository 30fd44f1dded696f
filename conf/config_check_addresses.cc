// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include "conf/address.h"
#include "conf/config_check.h"

namespace larder {
namespace {

/// Something that larder will bind.
struct Bound {
  ListenAddress address;
  int line;
  std::string what;
};

void add_listeners(const Config& config, const TomlValue& file, std::vector<Bound>& bound,
                   std::vector<Mistake>& mistakes) {
  const TomlValue* listeners = file.find("listener");
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const ListenAddress& address = config.listeners[i].address;
    const int line = line_at(file, {"listener", i, "address"});
    if (!address.host.empty()) bound.push_back({address, line, "the listener"});
    if (listeners != nullptr && listeners->children[i].find("address") == nullptr) {
      mistakes.push_back({line, "this [[listener]] has no address",
                          "give one, like address = \"127.0.0.1:8080\""});
    }
  }
}

void add_metrics(const Config& config, const TomlValue& file, std::vector<Bound>& bound,
                 std::vector<Mistake>& mistakes) {
  for (std::size_t i = 0; i < config.admin.metrics.size(); ++i) {
    const ListenAddress& address = config.admin.metrics[i];
    const int line = line_at(file, {"admin", "metrics", i});
    if (address.family == ListenAddress::Family::unix_socket) {
      mistakes.push_back({line, "admin.metrics holds " + address_text(address),
                          "give TCP addresses; admin.socket answers for metrics as well"});
    } else if (!address.host.empty()) {
      bound.push_back({address, line, "admin.metrics"});
    }
  }
}

}  // namespace

void check_addresses(const Config& config, const TomlValue& file, std::vector<Mistake>& mistakes) {
  std::vector<Bound> bound;
  add_listeners(config, file, bound, mistakes);
  add_metrics(config, file, bound, mistakes);
  if (!config.admin.socket.empty()) {
    bound.push_back({{ListenAddress::Family::unix_socket, config.admin.socket, 0},
                     line_at(file, {"admin", "socket"}),
                     "admin.socket"});
  }
  for (std::size_t i = 0; i < config.webhook.listen.size(); ++i) {
    const ListenAddress& address = config.webhook.listen[i];
    if (address.host.empty()) continue;
    bound.push_back({address, line_at(file, {"webhook", "listen", i}), "webhook.listen"});
  }
  for (std::size_t i = 0; i < bound.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!addresses_overlap(bound[i].address, bound[j].address)) continue;
      mistakes.push_back({bound[i].line,
                          bound[i].what + " " + address_text(bound[i].address) + " overlaps " +
                              bound[j].what + " " + address_text(bound[j].address) + " of line " +
                              std::to_string(bound[j].line),
                          "give each its own address or port"});
      break;
    }
  }
}

}  // namespace larder
