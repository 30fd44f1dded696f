// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/snapshot_request.h"

#include <charconv>

namespace larder {

std::optional<Milliseconds> parse_snapshot_query(std::string_view query) {
  constexpr std::string_view kName = "limit_s=";
  constexpr Milliseconds kLongestS = 86'400;
  if (query.empty()) return kSnapshotLimitMs;
  if (!query.starts_with(kName)) return std::nullopt;
  query.remove_prefix(kName.size());
  Milliseconds seconds = 0;
  const auto [end, error] = std::from_chars(query.data(), query.data() + query.size(), seconds);
  const bool whole = error == std::errc{} && end == query.data() + query.size();
  if (!whole || seconds < 1 || seconds > kLongestS) return std::nullopt;
  return seconds * 1'000;
}

}  // namespace larder
