// SPDX-License-Identifier: Apache-2.0
#include "conf/config_check.h"

#include "conf/address.h"

namespace larder {
namespace {

const TomlValue* find_listener(const TomlValue& file, std::size_t index) {
  const TomlValue* list = file.find("listener");
  const bool there = list != nullptr && index < list->children.size();
  return there ? &list->children[index] : nullptr;
}

/// `files`: one inline table of `tls`.
void check_files(const TomlValue& files, std::vector<Mistake>& mistakes) {
  for (const char* key : {"certificate", "key"}) {
    if (files.type != TomlValue::Type::table || files.find(key) != nullptr) continue;
    mistakes.push_back({files.line, std::string("listener.tls has no ") + key,
                        "write tls = { certificate = \"/PATH.pem\", key = \"/PATH.key\" }"});
  }
}

}  // namespace

void check_tls(const Config& config, const TomlValue& file, std::vector<Mistake>& mistakes) {
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const TomlValue* listener = find_listener(file, i);
    const TomlValue* tls = listener == nullptr ? nullptr : listener->find("tls");
    if (tls == nullptr) continue;
    const ListenAddress& address = config.listeners[i].address;
    if (address.family == ListenAddress::Family::unix_socket) {
      mistakes.push_back({tls->line, "the unix socket " + address_text(address) + " has tls",
                          "remove it: TLS is for IP:PORT"});
    }
    if (tls->type == TomlValue::Type::table) check_files(*tls, mistakes);
    if (tls->type != TomlValue::Type::array) continue;
    for (const TomlValue& files : tls->children) check_files(files, mistakes);
  }
}

}  // namespace larder
