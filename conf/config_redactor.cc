// SPDX-License-Identifier: Apache-2.0
#include "conf/config_redactor.h"

namespace larder {
namespace {

constexpr std::size_t kShortestPassword = 6;

}  // namespace

Redactor redactor_for(const Config& config) {
  Redactor redactor;
  for (const StackConfig& stack : config.stacks) {
    for (const ScopeConfig& scope : stack.scopes) {
      for (const Secret& token : scope.delivery_tokens) redactor.add(token);
      for (const Secret& token : scope.preview_tokens) redactor.add(token);
    }
  }
  const Secret& proxy = config.upstream.proxy.credentials;
  if (!proxy.empty()) {
    redactor.add(proxy);
    const auto password = proxy.reveal().substr(proxy.reveal().find(':') + 1);
    // A short one would take letters out of every text; it goes with its user's name.
    if (password.size() >= kShortestPassword) redactor.add(Secret(std::string(password)));
  }
  return redactor;
}

}  // namespace larder
