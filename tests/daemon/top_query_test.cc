// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/top_query.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace larder;

TEST_CASE("top query: what to sort by, and how many", "[daemon]") {
  CHECK(parse_top_query("")->limit == 20);
  CHECK(parse_top_query("")->by == TopBy::requests);
  CHECK(parse_top_query("by=misses&limit=1000")->by == TopBy::misses);
  CHECK(parse_top_query("limit=1000&by=time")->limit == 1'000);
  CHECK(parse_top_query("by=bytes")->by == TopBy::bytes);
}

TEST_CASE("top query: nothing else", "[daemon]") {
  const auto* const query =
      GENERATE("by=", "by=all", "limit=0", "limit=1001", "limit=1x", "limit=-1", "limit=", "x=1",
               "&", "by=time&by=time", "limit=1&limit=1", "by=time&&limit=1");
  CAPTURE(query);
  CHECK_FALSE(parse_top_query(query));
}
