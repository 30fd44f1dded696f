// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/snapshot_request.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace larder::test {
namespace {

TEST_CASE("snapshot request: its limit") {
  struct Case {
    const char* query;
    std::optional<Milliseconds> limit_ms;
  };
  const Case c = GENERATE(values<Case>({{"", kSnapshotLimitMs},
                                        {"limit_s=1", 1'000},
                                        {"limit_s=86400", 86'400'000},
                                        {"limit_s=0", std::nullopt},
                                        {"limit_s=-1", std::nullopt},
                                        {"limit_s=86401", std::nullopt},
                                        {"limit_s=1x", std::nullopt},
                                        {"limit_s=", std::nullopt},
                                        {"limit_s=99999999999999999999", std::nullopt},
                                        {"limit_s=1&limit_s=2", std::nullopt},
                                        {"x=1", std::nullopt}}));
  CAPTURE(c.query);
  CHECK(parse_snapshot_query(c.query) == c.limit_ms);
}

}  // namespace
}  // namespace larder::test
