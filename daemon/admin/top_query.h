// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "daemon/watch/top_requests.h"

namespace larder {

/// What `GET /top` asks for.
struct TopQuery {
  TopBy by = TopBy::requests;
  std::size_t limit = 20;
};

/// `by=requests|misses|bytes|time` and `limit=1..1000`, each at most once; nothing where it is not
/// that. Pure.
std::optional<TopQuery> parse_top_query(std::string_view query);

}  // namespace larder
