// SPDX-License-Identifier: Apache-2.0
#include "bench/replay/replay_keys.h"

#include <catch2/catch_test_macros.hpp>

using larder::bench::ReplayKeys;

TEST_CASE("replay keys: requests for a key that changes are held, and come out in their order",
          "[bench]") {
  ReplayKeys keys(2);
  keys.begin_change(0);
  CHECK(keys.is_changing(0));
  CHECK_FALSE(keys.is_changing(1));
  keys.hold(0, 11);
  keys.hold(0, 12);
  CHECK(keys.held() == 2);
  CHECK_FALSE(keys.take_released());
  keys.end_change(0);
  CHECK(keys.take_released() == 11);
  CHECK(keys.take_released() == 12);
  CHECK_FALSE(keys.take_released());
  CHECK(keys.held() == 0);
}

TEST_CASE("replay keys: a change waits for the one before, and for what that held", "[bench]") {
  ReplayKeys keys(1);
  CHECK(keys.may_change(0));
  keys.begin_change(0);
  CHECK_FALSE(keys.may_change(0));
  keys.hold(0, 5);
  keys.end_change(0);
  CHECK_FALSE(keys.may_change(0));
  REQUIRE(keys.take_released() == 5);
  CHECK(keys.may_change(0));
}

TEST_CASE("replay keys: a key is asked for until the last answer has come", "[bench]") {
  ReplayKeys keys(1);
  keys.note_asked(0);
  keys.note_asked(0);
  keys.note_answered(0);
  CHECK(keys.is_asked_for(0));
  keys.note_answered(0);
  CHECK_FALSE(keys.is_asked_for(0));
}
