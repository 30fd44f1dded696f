// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/process_memory.h"

#include <fcntl.h>
#include <unistd.h>
#include <array>
#include <charconv>

#include "conf/base/fd.h"

namespace larder {

std::optional<ProcessMemory> parse_statm(std::string_view text, std::uint64_t page_bytes) {
  std::array<std::uint64_t, 3> pages{};  // size, resident, shared
  const char* at = text.data();
  const char* const end = at + text.size();
  for (auto& number : pages) {
    while (at != end && *at == ' ') ++at;
    const auto [behind, error] = std::from_chars(at, end, number);
    if (error != std::errc{}) return std::nullopt;
    at = behind;
  }
  if (pages[2] > pages[1]) return std::nullopt;
  return ProcessMemory{(pages[1] - pages[2]) * page_bytes, pages[2] * page_bytes};
}

std::optional<ProcessMemory> process_memory() {
  const Fd file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::array<char, 128> text{};
  const auto size = ::read(file.get(), text.data(), text.size());
  if (size <= 0) return std::nullopt;
  return parse_statm({text.data(), static_cast<std::size_t>(size)},
                     static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

}  // namespace larder
