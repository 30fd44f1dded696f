// SPDX-License-Identifier: Apache-2.0
#include "conf/address.h"
#include "conf/config_file.h"
#include "conf/config_redactor.h"
#include "conf/units.h"

namespace larder {
namespace {

std::string counted(std::size_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

/// [] reads as "none", but means any as long as no scope of the stack lists one.
std::string describe_preview_tokens(const ScopeConfig& scope, const StackConfig& stack) {
  bool any_listed = false;
  for (const ScopeConfig& one : stack.scopes) {
    if (one.any_preview_token) return "any preview token";
    any_listed = any_listed || !one.preview_tokens.empty();
  }
  if (!any_listed) return "any preview token (none is listed)";
  return counted(scope.preview_tokens.size(), "preview token");
}

std::string describe_scope(const ScopeConfig& scope, const StackConfig& stack) {
  std::string text = "    environment " + scope.environment + ", ";
  if (scope.branches.empty()) {
    text += "any branch";
  } else {
    text += scope.branches.size() == 1 ? "branch" : "branches";
    for (const std::string& branch : scope.branches) text += " " + branch;
  }
  return text + ": " + counted(scope.delivery_tokens.size(), "delivery token") + ", " +
         describe_preview_tokens(scope, stack) + (scope.sync ? ", followed by sync" : "") + "\n";
}

std::string describe_hosts(const Hosts& hosts) {
  return hosts.delivery + ", preview at " + hosts.preview + "\n";
}

std::string describe_admin(const AdminConfig& admin) {
  std::string text;
  if (!admin.socket.empty()) text += "  admin on unix:" + admin.socket + "\n";
  for (const ListenAddress& address : admin.metrics) {
    text += "  metrics on " + address_text(address) + "\n";
  }
  return text;
}

std::string describe_webhook(const WebhookConfig& webhook) {
  std::string proofs;
  const auto add = [&](bool given, const char* proof) {
    if (given) proofs += std::string(proofs.empty() ? "" : ", ") + proof;
  };
  add(webhook.requires_signature(), "signature");
  add(!webhook.hmac_secrets.empty(), "HMAC");
  add(!webhook.basic_auth.empty(), "basic authentication");
  add(!webhook.secret_header.empty(), "secret header");
  std::string text;
  for (const ListenAddress& address : webhook.listen) {
    text += "  webhooks on " + address_text(address) + webhook.path + ", proven by " +
            (proofs.empty() ? "nothing" : proofs) + "\n";
  }
  return text;
}

}  // namespace

std::string describe_config(const Config& config) {
  std::string text;
  for (const ListenerConfig& listener : config.listeners) {
    text += "  listens on " + address_text(listener.address) +
            (listener.role == ListenerConfig::Role::preview ? " for preview only"
                                                            : " for delivery and preview") +
            (listener.tls.empty() ? "\n" : ", by TLS\n");
  }
  text += describe_admin(config.admin);
  text += describe_webhook(config.webhook);
  if (!config.bus.address.empty()) {
    text += "  shares purges by the stream " + config.bus.stream + " on " + config.bus.address +
            (config.bus.tls ? " over TLS\n" : "\n");
  }
  text += "  caches in " + config.cache.path + ", at most " + size_text(config.cache.size) + "\n";
  if (!config.upstream.proxy.url.empty()) {
    text += "  asks origins by way of " + config.upstream.proxy.url + "\n";
  }
  if (config.open_mode()) {
    text += "  open to any stack and token of " + describe_hosts(config.open.hosts);
  }
  for (const StackConfig& stack : config.stacks) {
    text += "  stack " + stack.api_key + " at " + describe_hosts(stack.hosts);
    for (const ScopeConfig& scope : stack.scopes) text += describe_scope(scope, stack);
  }
  return redactor_for(config).redact(text);
}

}  // namespace larder
