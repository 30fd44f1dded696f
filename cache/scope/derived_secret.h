// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "cache/scope/install_secret.h"
#include "cache/scope/scope_mac.h"

/// Keyed hashing by the install secret.
namespace larder {

/// HMAC-SHA256. `message` starts with a text that tells its use from all others.
ScopeMac hmac_sha256(const InstallSecret& secret, std::string_view message);

/// A custom secret of XXH3, expanded from the install secret (as HKDF-Expand, RFC 5869, does it).
std::array<std::uint8_t, 192> derive_hash_secret(const InstallSecret& secret, std::string_view use);

/// The 64-bit hash of the scope memo and of the variant part of a key.
std::uint64_t secret_hash(std::string_view text, const std::array<std::uint8_t, 192>& hash_secret);

}  // namespace larder
