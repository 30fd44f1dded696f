// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "cache/scope/install_secret.h"
#include "cache/scope/scope_mac.h"

namespace larder {

/// The store's key: scope[16] ‖ XXH3-128(URL part)[16] ‖ XXH3-64(variant part)[8], both hashes with
/// a secret derived from the install secret. A collision costs a miss, never a leak: the canonical
/// bytes and the whole MAC are compared at every hit. All variants of a URL in a scope, and all of
/// a scope, are neighbours, which is what purge walks.
struct CacheKey {
  std::array<std::uint8_t, 40> bytes{};
  friend auto operator<=>(const CacheKey&, const CacheKey&) = default;
  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

/// For tables in memory. The key ends with bits of its own hashes, which a secret makes hard to
/// aim at one place.
struct KeyHash {
  std::size_t operator()(const CacheKey& key) const noexcept {
    std::uint64_t parts[3];
    std::memcpy(parts, key.bytes.data() + 16, sizeof parts);
    return parts[0] ^ parts[1] ^ parts[2];
  }
};

/// Hashes canonical bytes into keys. Const and thread-safe after construction.
class KeyHasher {
 public:
  explicit KeyHasher(const InstallSecret& secret);
  CacheKey key(const ScopeMac& scope, std::string_view canonical, std::size_t url_length) const;

 private:
  std::array<std::uint8_t, 192> secret_{};
};

/// Compiled with LARDER_KEY_HASH_BITS (test builds only), keys keep that many bits of hash and no
/// scope, so that everything collides and the comparison alone must hold.

}  // namespace larder
