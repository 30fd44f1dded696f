// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace larder {

/// Memory of this process, in bytes.
struct ProcessMemory {
  std::uint64_t own = 0;  ///< resident, without what it shares with files
  std::uint64_t mapped =
      0;  ///< of files: mostly the cache, which the system takes back as it likes
};

/// From the text of `/proc/self/statm`; nothing where it is not that. Pure.
std::optional<ProcessMemory> parse_statm(std::string_view text, std::uint64_t page_bytes);
/// Reads it; nothing where the system does not tell. Any thread.
std::optional<ProcessMemory> process_memory();

}  // namespace larder
