// SPDX-License-Identifier: Apache-2.0
#include "conf/config_redactor.h"

namespace larder {
namespace {

constexpr std::size_t kShortestPassword = 6;

/// USER:PASSWORD
void add_login(const Secret& login, Redactor& redactor) {
  if (login.empty()) return;
  redactor.add(login);
  const auto password = login.reveal().substr(login.reveal().find(':') + 1);
  // A short one would take letters out of every text; it goes with its user's name.
  if (password.size() >= kShortestPassword) redactor.add(Secret(std::string(password)));
}

}  // namespace

Redactor redactor_for(const Config& config) {
  Redactor redactor;
  for (const StackConfig& stack : config.stacks) {
    for (const ScopeConfig& scope : stack.scopes) {
      for (const Secret& token : scope.delivery_tokens) redactor.add(token);
      for (const Secret& token : scope.preview_tokens) redactor.add(token);
    }
  }
  add_login(config.upstream.proxy.credentials, redactor);
  for (const Secret& token : config.admin.purge_tokens) redactor.add(token);
  const WebhookConfig& webhook = config.webhook;
  for (const Secret& secret : webhook.hmac_secrets) redactor.add(secret);
  for (const Secret& secret : webhook.secret_header_values) redactor.add(secret);
  add_login(webhook.basic_auth, redactor);
  if (config.bus.password.reveal().size() >= kShortestPassword) redactor.add(config.bus.password);
  return redactor;
}

}  // namespace larder
