// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/snapshot_request.h"

#include "conf/base/whole_number.h"

namespace larder {

std::optional<Milliseconds> parse_snapshot_query(std::string_view query) {
  constexpr std::string_view kName = "limit_s=";
  constexpr Milliseconds kLongestS = 86'400;
  if (query.empty()) return kSnapshotLimitMs;
  if (!query.starts_with(kName)) return std::nullopt;
  query.remove_prefix(kName.size());
  const auto seconds = whole_number<Milliseconds>(query);
  if (!seconds || *seconds < 1 || *seconds > kLongestS) return std::nullopt;
  return *seconds * 1'000;
}

}  // namespace larder
