// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>

namespace larder {

using Sha256 = std::array<std::uint8_t, 32>;

/// For tables: a part of a digest is as good as all of it.
struct Sha256Hash {
  std::size_t operator()(const Sha256& digest) const {
    std::size_t hash = 0;
    std::memcpy(&hash, digest.data(), sizeof hash);
    return hash;
  }
};

Sha256 sha256(std::string_view text);

/// HMAC (RFC 2104) of the parts, one behind the other.
Sha256 hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts);

/// In a time that does not depend on where they differ.
bool equal_digests(const Sha256& a, const Sha256& b);

/// Are they the same? In a time that depends on the length of what came alone: their digests are
/// compared, so that neither the length of the secret shows nor how much of it was right.
bool equal_secrets(std::string_view secret, std::string_view came);

}  // namespace larder
