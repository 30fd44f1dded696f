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

TEST_CASE("snapshot request: root and the daemon's own user may take one, nobody else") {
  CHECK(may_take_snapshot(0, 1'000));
  CHECK(may_take_snapshot(1'000, 1'000));
  CHECK(!may_take_snapshot(1'001, 1'000));
  CHECK(!may_take_snapshot(65'534, 1'000));
  CHECK(!may_take_snapshot(std::nullopt, 1'000));
}

}  // namespace
}  // namespace larder::test
