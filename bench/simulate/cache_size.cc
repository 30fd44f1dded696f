// SPDX-License-Identifier: Apache-2.0
#include "bench/simulate/cache_size.h"

#include <charconv>

#include "bench/run/command.h"
#include "conf/units.h"

namespace larder::bench {
namespace {

UsageError no_size(std::string_view text) {
  return UsageError("'" + std::string(text) +
                    "' is no cache size; sizes are like 64M, 1.5% (of the footprint) or 10MB");
}

constexpr std::uint64_t kMiB = 1u << 20;

}  // namespace

std::uint64_t CacheSize::of(std::uint64_t footprint) const {
  if (part == 0) return bytes;
  return static_cast<std::uint64_t>(part * static_cast<double>(footprint));
}

CacheSize parse_cache_size(std::string_view text) {
  CacheSize size;
  size.text = text;
  if (text.ends_with('%')) {
    double percent = 0;
    const char* const end = text.data() + text.size() - 1;
    const auto [stopped, error] = std::from_chars(text.data(), end, percent);
    if (error != std::errc{} || stopped != end || !(percent > 0) || percent > 1e6)
      throw no_size(text);
    size.part = percent / 100;
    return size;
  }
  std::string full(text);
  if (text.find_last_of("KMGT") + 1 == text.size()) full += "iB";
  const auto bytes = parse_size(full);
  if (!bytes || *bytes == 0) throw no_size(text);
  size.bytes = *bytes;
  return size;
}

std::vector<std::string> usual_cache_sizes() {
  return {"0.1%", "0.2%", "0.5%", "1%", "2%", "5%", "10%", "20%", "50%", "100%"};
}

std::string rounded_size_text(std::uint64_t bytes) {
  const std::uint64_t number = bytes / kMiB + (bytes % kMiB == 0 ? 0 : 1);
  std::uint64_t step = 1;
  while (number / step >= 100) step *= 10;
  const std::uint64_t rounded = (number + step - 1) / step * step;
  return std::to_string(rounded == 0 ? 1 : rounded) + "MiB";
}

}  // namespace larder::bench
