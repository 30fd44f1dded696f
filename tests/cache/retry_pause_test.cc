// SPDX-License-Identifier: Apache-2.0
#include "cache/store/retry_pause.h"

#include <catch2/catch_test_macros.hpp>

namespace larder::test {

TEST_CASE("retry: the pause grows from one second to four, and ends with a success", "[store]") {
  using std::chrono::milliseconds;
  const RetryPause::Clock::time_point begin{};
  RetryPause pause;
  CHECK(pause.due(begin));
  RetryPause::Clock::time_point now = begin;
  for (const int seconds : {1, 2, 4, 4, 4}) {
    CAPTURE(seconds);
    pause.failed(now);
    CHECK(pause.failing());
    now += milliseconds(1'000 * seconds - 1);
    CHECK_FALSE(pause.due(now));
    now += milliseconds(1);
    CHECK(pause.due(now));
  }
  pause.succeeded();
  CHECK_FALSE(pause.failing());
  CHECK(pause.due(begin));
}

}  // namespace larder::test
