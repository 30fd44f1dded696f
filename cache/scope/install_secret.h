// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace larder {

/// 32 random bytes made at first start, in the cache directory (mode 0600). Losing it empties the
/// cache, for no key can be derived again.
struct InstallSecret {
  std::array<std::uint8_t, 32> bytes{};
};

/// Reads the secret or makes one (fsynced before first use). Throws StartupError.
InstallSecret load_install_secret(const std::string& directory);

}  // namespace larder
