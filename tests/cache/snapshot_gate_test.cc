// SPDX-License-Identifier: Apache-2.0
#include "cache/store/snapshot_gate.h"

#include <catch2/catch_test_macros.hpp>

namespace larder::test {
namespace {

TEST_CASE("snapshot gate: whoever does not get in takes no reason away") {
  SnapshotGate gate;
  gate.cancel("nobody is inside");
  REQUIRE(gate.enter());
  CHECK(gate.reason().empty());
  gate.cancel("first");
  gate.cancel("second");
  CHECK_FALSE(gate.enter());
  CHECK(gate.reason() == "first");
  gate.leave();
  REQUIRE(gate.enter());
  CHECK(gate.reason().empty());
}

}  // namespace
}  // namespace larder::test
