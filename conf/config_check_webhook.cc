// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "conf/address.h"
#include "conf/base/octets.h"
#include "conf/config_check.h"
#include "conf/units.h"

namespace larder {
namespace {

/// The key has a value in the file, be it a right one or not.
bool is_written(const TomlValue& file, std::string_view key) {
  const TomlValue* section = file.find("webhook");
  const TomlValue* value = section == nullptr ? nullptr : section->find(key);
  if (value == nullptr) return false;
  return !(value->text.empty() && value->children.empty());
}

void check_proofs(const WebhookConfig& webhook, const TomlValue& file,
                  std::vector<Mistake>& mistakes) {
  const auto at = [&](const char* key) { return line_at(file, {"webhook", key}); };
  if (is_written(file, "secret_header") != is_written(file, "secret_header_values")) {
    mistakes.push_back({at("secret_header"),
                        "webhook.secret_header and webhook.secret_header_values go together",
                        "give the header's name and its values, or neither"});
  }
  if (!webhook.public_key_file.empty() && !webhook.public_key_url.empty()) {
    mistakes.push_back({at("public_key_url"),
                        "webhook.public_key_file and webhook.public_key_url are both given",
                        "give the file or the URL"});
  }
  if (!webhook.basic_auth.empty() &&
      webhook.basic_auth.reveal().find(':') == std::string_view::npos) {
    mistakes.push_back(
        {at("basic_auth"), "webhook.basic_auth has no `:`", "write it as USER:PASSWORD"});
  }
  if (!webhook.basic_auth.empty() && equals_ignoring_case(webhook.secret_header, "authorization")) {
    mistakes.push_back({at("secret_header"),
                        "webhook.basic_auth and webhook.secret_header want the same header",
                        "give one of them, or name another header"});
  }
  if (webhook.listen.empty()) return;
  bool any_written = false;
  for (const char* key :
       {"public_key_file", "public_key_url", "hmac_secrets", "basic_auth", "secret_header"}) {
    any_written = any_written || is_written(file, key);
  }
  if (!any_written && !webhook.allow_unverified) {
    mistakes.push_back(
        {at("listen"),
         "webhook.listen is given, and no proof is required: whoever "
         "reaches it could purge",
         "give public_key_url, public_key_file, hmac_secrets, basic_auth or secret_header (or "
         "allow_unverified = true where nobody else can connect)"});
  }
  if (webhook.requires_proof() && webhook.allow_unverified) {
    mistakes.push_back({at("allow_unverified"),
                        "webhook.allow_unverified is true, and a proof is required",
                        "remove it: a proof that is given a key or secret is always required"});
  }
}

}  // namespace

void check_webhook(const Config& config, const TomlValue& file, std::vector<Mistake>& mistakes) {
  const WebhookConfig& webhook = config.webhook;
  if (webhook.public_key_url.starts_with("http://") && !config.upstream.allow_plain_http) {
    mistakes.push_back({line_at(file, {"webhook", "public_key_url"}),
                        "webhook.public_key_url is not of https",
                        "who answers for that host would sign the webhooks: give an https URL (or "
                        "upstream.allow_plain_http = true in tests)"});
  }
  check_proofs(webhook, file, mistakes);
  if (webhook.max_memory_bytes < webhook.max_body_bytes) {
    mistakes.push_back({line_at(file, {"webhook", "max_memory"}),
                        "webhook.max_memory is " + size_text(webhook.max_memory_bytes) +
                            ", less than one body of webhook.max_body, " +
                            size_text(webhook.max_body_bytes),
                        "raise webhook.max_memory to several times webhook.max_body"});
  }
}

}  // namespace larder
