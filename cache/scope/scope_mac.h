// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

namespace larder {

/// HMAC-SHA256 by the install secret over the length-prefixed (delivery host, api key, token
/// identity, environment, branch). All 32 bytes are stored and compared; the first 16 lead the
/// store's key. Safe to print in part: nothing of the token can be had from it.
struct ScopeMac {
  std::array<std::uint8_t, 32> bytes{};
  friend bool operator==(const ScopeMac&, const ScopeMac&) = default;
};

}  // namespace larder
