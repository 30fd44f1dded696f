// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/seen_events.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace larder;

namespace {

using Verdict = SeenEvents::Verdict;
constexpr Seconds kWindow = 900;
constexpr WallTime kNow{1'700'000'000'000};

WallTime later(std::int64_t seconds) {
  return {kNow.ms + seconds * 1'000};
}

}  // namespace

TEST_CASE("seen events: one that was not remembered is fresh again", "[daemon]") {
  SeenEvents seen;
  const Sha256 event = sha256("a");
  CHECK(seen.judge(event, kNow, kNow, kWindow) == Verdict::fresh);
  CHECK(seen.judge(event, kNow, kNow, kWindow) == Verdict::fresh);
  seen.remember(event, kNow, kWindow);
  CHECK(seen.judge(event, kNow, kNow, kWindow) == Verdict::seen);
  CHECK(seen.judge(sha256("b"), kNow, kNow, kWindow) == Verdict::fresh);
}

TEST_CASE("seen events: a replay is known until it is refused for its age", "[daemon]") {
  SeenEvents seen;
  const Sha256 event = sha256("a");
  const WallTime ahead = later(kWindow);  // the latest that is taken
  REQUIRE(seen.judge(event, ahead, kNow, kWindow) == Verdict::fresh);
  seen.remember(event, kNow, kWindow);
  for (std::int64_t s = 0; s <= 3 * kWindow; ++s) {
    const auto verdict = seen.judge(event, ahead, later(s), kWindow);
    CAPTURE(s);
    REQUIRE((verdict == Verdict::seen || verdict == Verdict::too_old));
  }
  CHECK(seen.size() == 0);
}

TEST_CASE("seen events: the window has two ends", "[daemon]") {
  SeenEvents seen;
  const Sha256 event = sha256("a");
  CHECK(seen.judge(event, later(-kWindow), kNow, kWindow) == Verdict::fresh);
  CHECK(seen.judge(event, later(-kWindow - 1), kNow, kWindow) == Verdict::too_old);
  CHECK(seen.judge(event, later(kWindow), kNow, kWindow) == Verdict::fresh);
  CHECK(seen.judge(event, later(kWindow + 1), kNow, kWindow) == Verdict::too_far_ahead);
  CHECK(seen.judge(event, WallTime{}, kNow, kWindow) == Verdict::fresh);
}

TEST_CASE("seen events: there are never more than the bound, the oldest goes first", "[daemon]") {
  SeenEvents seen(3);
  for (int i = 0; i < 5; ++i) {
    seen.remember(sha256(std::to_string(i)), later(i), kWindow);
    seen.remember(sha256(std::to_string(i)), later(i), kWindow);
    CHECK(seen.size() <= 3);
  }
  CHECK(seen.judge(sha256("1"), kNow, later(5), kWindow) == Verdict::fresh);
  CHECK(seen.judge(sha256("2"), kNow, later(5), kWindow) == Verdict::seen);
  CHECK(seen.judge(sha256("4"), kNow, later(5), kWindow) == Verdict::seen);
}
