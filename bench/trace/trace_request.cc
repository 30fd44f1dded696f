// SPDX-License-Identifier: Apache-2.0
#include "bench/trace/trace_request.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace larder::bench {
namespace {

constexpr std::size_t kLongestKey = 100;
constexpr std::uint64_t kLeastBytes = 2;
constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;

bool is_plain(char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
         (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '-';
}

}  // namespace

std::string trace_uid(std::string_view key) {
  if (key.size() <= kLongestKey && std::all_of(key.begin(), key.end(), is_plain)) {
    return "t_" + std::string(key);
  }
  std::array<char, 16> hex;
  const auto [end, problem] =
      std::to_chars(hex.data(), hex.data() + hex.size(), XXH3_64bits(key.data(), key.size()), 16);
  return "th" + std::string(hex.data(), end);
}

std::string trace_target(std::string_view uid) {
  return "/v3/content_types/sized/entries/" + std::string(uid) + "?environment=production";
}

std::uint64_t body_bytes_of(std::uint64_t trace_bytes, std::uint64_t scale) {
  return std::clamp(trace_bytes * scale, kLeastBytes, kMostBytes);
}

std::vector<std::uint64_t> coming_sizes(const ReplayTrace& trace) {
  std::vector<std::uint64_t> of_key(trace.keys.size());
  std::vector<std::uint64_t> coming(trace.lines.size());
  for (std::size_t i = trace.lines.size(); i-- > 0;) {
    const TraceLine& line = trace.lines[i];
    if (line.bytes > 0) of_key[line.key] = line.bytes;
    coming[i] = of_key[line.key];
  }
  return coming;
}

}  // namespace larder::bench
