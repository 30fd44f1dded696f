// SPDX-License-Identifier: Apache-2.0
#include "conf/base/log_health.h"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>

using namespace larder;

TEST_CASE("log health: an error is a trouble until a line is written again", "[conf]") {
  LogHealth health;
  CHECK(health.trouble(MonotonicTime{1}).empty());
  health.begin_write(MonotonicTime{1});
  health.end_write({.written = 1, .lost = 2, .error = ENOSPC});
  CHECK(health.lost() == 2);
  CHECK(health.trouble(MonotonicTime{2}) == "No space left on device");
  health.begin_write(MonotonicTime{3});
  health.end_write({.written = 1, .lost = 0, .error = 0});
  CHECK(health.trouble(MonotonicTime{4}).empty());
  CHECK(health.lost() == 2);
  CHECK(health.cause() == "No space left on device");
}

TEST_CASE("log health: a write that does not end is a trouble after a second", "[conf]") {
  LogHealth health;
  health.begin_write(MonotonicTime{10});
  CHECK(health.trouble(MonotonicTime{1'009}).empty());
  CHECK(health.trouble(MonotonicTime{1'010}).find("nobody reads") != std::string::npos);
  health.add_unbuffered(3);
  CHECK(health.lost() == 3);
  CHECK(health.cause().find("log.buffer") != std::string::npos);
}
