// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/webhook_proof.h"

#include <array>

#include "conf/base/octets.h"
#include "daemon/events/base64.h"
#include "daemon/events/digest.h"
#include "daemon/events/webhook_signature.h"

namespace larder {
namespace {

/// Nothing where it is missing or there twice.
std::optional<std::string_view> only_value(std::span<const HeaderView> headers,
                                           std::string_view name) {
  std::optional<std::string_view> value;
  for (const HeaderView& header : headers) {
    if (!equals_ignoring_case(header.name, name)) continue;
    if (value) return std::nullopt;
    value = header.value;
  }
  return value;
}

bool is_any_of(std::span<const Secret> secrets, std::string_view came) {
  bool found = false;
  for (const Secret& secret : secrets) found = equal_secrets(secret.reveal(), came) || found;
  return found;
}

/// `Basic BASE64` (RFC 7617).
bool has_login(const Secret& login, std::string_view authorization) {
  constexpr std::string_view kScheme = "Basic ";
  if (!equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return false;
  authorization.remove_prefix(kScheme.size());
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  const auto came = decode_base64(authorization);
  return came && equal_secrets(login.reveal(), *came);
}

}  // namespace

const char* name_of(Unproven proof) {
  constexpr std::array<const char*, kUnproven> kNames = {
      "nothing_required", "basic_auth", "secret_header", "hmac", "hmac_time", "signature"};
  return kNames[static_cast<std::size_t>(proof)];
}

std::optional<Unproven> find_unproven(const WebhookConfig& config, std::span<const SigningKey> keys,
                                      std::span<const HeaderView> headers, std::string_view body,
                                      WallTime now) {
  if (!config.requires_proof() && !config.allow_unverified) return Unproven::nothing_required;
  if (!config.basic_auth.empty()) {
    const auto came = only_value(headers, "authorization");
    if (!came || !has_login(config.basic_auth, *came)) return Unproven::basic_auth;
  }
  if (!config.secret_header.empty()) {
    const auto came = only_value(headers, config.secret_header);
    if (!came || !is_any_of(config.secret_header_values, *came)) return Unproven::secret_header;
  }
  if (!config.hmac_secrets.empty()) {
    const auto came = only_value(headers, "x-contentstack-hmac-signature");
    const auto verdict =
        check_hmac(came.value_or(""), body, config.hmac_secrets, now, config.window_s);
    if (verdict == HmacVerdict::wrong) return Unproven::hmac;
    if (verdict == HmacVerdict::out_of_time) return Unproven::hmac_time;
  }
  if (config.requires_signature()) {
    const auto came = only_value(headers, "x-contentstack-request-signature");
    if (!came || !is_signed(*came, body, keys)) return Unproven::signature;
  }
  return std::nullopt;
}

}  // namespace larder
