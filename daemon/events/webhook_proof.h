// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cache/request/request.h"
#include "conf/base/clock.h"
#include "conf/config.h"
#include "conf/signing_key.h"

/// Whether a webhook comes from the CMS. Pure.
namespace larder {

/// The proof that failed, in the order in which they are looked at: the cheap ones first.
enum class Unproven : std::uint8_t {
  nothing_required,  ///< and that is not allowed: a reload took the last key, and kept the listener
  basic_auth,
  secret_header,
  hmac,
  hmac_time,
  signature,
};
constexpr std::size_t kUnproven = 6;
const char* name_of(Unproven proof);

/// Does the webhook pass every proof that `config` requires? The first that it does not pass, or
/// nothing. A header that is there twice proves nothing. Secrets are compared in constant time.
/// `keys` are those of the CMS; none of them = no signature is right.
std::optional<Unproven> find_unproven(const WebhookConfig& config, std::span<const SigningKey> keys,
                                      std::span<const HeaderView> headers, std::string_view body,
                                      WallTime now);

}  // namespace larder
