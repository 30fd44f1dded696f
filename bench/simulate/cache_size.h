// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder::bench {

/// A size of the cache as it is asked for: bytes, or a part of a trace's footprint.
struct CacheSize {
  std::string text;  ///< as given
  std::uint64_t bytes = 0;
  double part = 0;  ///< of the footprint; 0 = `bytes` counts

  /// For a footprint of so many bytes, rounded down.
  std::uint64_t of(std::uint64_t footprint) const;
};

/// "64M" (powers of 1024), "64MiB", "64MB", "65536", or "0.1%". Throws UsageError.
CacheSize parse_cache_size(std::string_view text);

/// From 0.1 % to all of the footprint.
std::vector<std::string> usual_cache_sizes();

/// Up to the next number that begins with two digits and ends with zeros, as cache.size takes it:
/// "1300MiB". A mebibyte at least.
std::string rounded_size_text(std::uint64_t bytes);

}  // namespace larder::bench
