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

/// Reads the secret or makes one (fsynced before first use). One that is of no use (its length, its
/// owner, not to be read) is moved aside; modes are set right where the file is ours. A new one
/// that cannot be kept is used all the same: the next start then begins with an empty cache. All
/// this with a word in the log. The caller has the directory's lock.
InstallSecret load_install_secret(const std::string& directory);

}  // namespace larder
