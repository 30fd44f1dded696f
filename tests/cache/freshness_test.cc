// SPDX-License-Identifier: Apache-2.0
#include "cache/http/freshness.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace larder;

namespace {

constexpr WallTime kNow{1'700'000'000'000};
constexpr TtlPolicy kPolicy{60, 300, 1'000};

WallTime after(std::int64_t seconds) {
  return {kNow.ms + seconds * 1'000};
}

ResponseFacts answer(const std::vector<const char*>& lines) {
  ResponseFacts facts;
  facts.status = 200;
  for (const char* line : lines) add_header_line(facts, line);
  return facts;
}

}  // namespace

TEST_CASE("freshness: lifetimes", "[cache]") {
  struct Case {
    const char* name;
    std::vector<const char*> lines;  ///< kNow is Tue, 14 Nov 2023 22:13:20 GMT
    std::int64_t fresh_s, revalidate_s, error_s, initial_age_s;
  };
  const auto c = GENERATE(values<Case>({
      {"no directive: the policy", {}, 60, 300, 1'000, 0},
      {"no directive: the policy, whatever the Age", {"Age: 78006"}, 60, 300, 1'000, 78'006},
      {"public alone is none", {"Cache-Control: public"}, 60, 300, 1'000, 0},
      {"max-age", {"Cache-Control: max-age=10"}, 10, 0, 1'000, 0},
      {"max-age less Age", {"Cache-Control: max-age=10", "Age: 4"}, 6, 0, 1'000, 4},
      {"max-age below Age", {"Cache-Control: max-age=10", "Age: 11"}, 0, 0, 1'000, 11},
      {"max-age less the age by Date",
       {"Cache-Control: max-age=10", "Date: Tue, 14 Nov 2023 22:13:17 GMT"},
       7,
       0,
       1'000,
       3},
      {"Age above the age by Date",
       {"Cache-Control: max-age=10", "Date: Tue, 14 Nov 2023 22:13:17 GMT", "Age: 5"},
       5,
       0,
       1'000,
       5},
      {"Date in the future",
       {"Cache-Control: max-age=10", "Date: Tue, 14 Nov 2023 22:14:20 GMT"},
       10,
       0,
       1'000,
       0},
      {"s-maxage wins over max-age in a shared cache",
       {"Cache-Control: max-age=10, s-maxage=20"},
       20,
       0,
       0,
       0},
      {"s-maxage with what it grants",
       {"Cache-Control: s-maxage=20, stale-while-revalidate=5"},
       20,
       5,
       0,
       0},
      {"max-age wins over Expires",
       {"Cache-Control: max-age=10", "Expires: Tue, 14 Nov 2023 23:13:20 GMT"},
       10,
       0,
       1'000,
       0},
      {"Expires", {"Expires: Tue, 14 Nov 2023 22:13:50 GMT"}, 30, 0, 1'000, 0},
      {"Expires from Date",
       {"Expires: Tue, 14 Nov 2023 22:13:50 GMT", "Date: Tue, 14 Nov 2023 22:13:10 GMT"},
       30,
       0,
       1'000,
       10},
      {"Expires in the past", {"Expires: Tue, 14 Nov 2023 22:13:10 GMT"}, 0, 0, 1'000, 0},
      {"Expires unparsable", {"Expires: -1"}, 0, 0, 1'000, 0},
      {"max-age malformed", {"Cache-Control: max-age=x"}, 0, 0, 1'000, 0},
      {"stale windows by the origin",
       {"Cache-Control: stale-while-revalidate=7, stale-if-error=8"},
       60,
       7,
       8,
       0},
      {"stale windows of zero",
       {"Cache-Control: max-age=5, stale-while-revalidate=0, stale-if-error=0"},
       5,
       0,
       0,
       0},
      {"must-revalidate", {"Cache-Control: max-age=5, must-revalidate"}, 5, 0, 0, 0},
      {"must-revalidate beside stale windows",
       {"Cache-Control: max-age=5, must-revalidate, stale-if-error=9, stale-while-revalidate=9"},
       5,
       0,
       0,
       0},
      {"proxy-revalidate", {"Cache-Control: proxy-revalidate"}, 60, 0, 0, 0},
      {"no-cache", {"Cache-Control: no-cache, max-age=50"}, 0, 0, 0, 0},
      {"as much as fits",
       {"Cache-Control: max-age=99999999999999"},
       std::int64_t{1} << 31,
       0,
       1'000,
       0},
  }));
  DYNAMIC_SECTION(c.name) {
    const Lifetime lifetime = lifetime_of(answer(c.lines), kPolicy, {kNow, kNow}, 0);
    CHECK(lifetime.stored == kNow);
    CHECK((lifetime.fresh_until.ms - kNow.ms) / 1'000 == c.fresh_s);
    CHECK((lifetime.revalidate_until.ms - lifetime.fresh_until.ms) / 1'000 == c.revalidate_s);
    CHECK((lifetime.error_until.ms - lifetime.fresh_until.ms) / 1'000 == c.error_s);
    CHECK(lifetime.initial_age_s == c.initial_age_s);
  }
}

TEST_CASE("freshness: jitter takes at most a tenth off the policy, nothing off a directive",
          "[cache]") {
  std::int64_t before = 60'001;
  for (int jitter = 0; jitter <= 255; ++jitter) {
    CAPTURE(jitter);
    const auto drawn = static_cast<std::uint8_t>(jitter);
    const Lifetime lifetime = lifetime_of(answer({}), kPolicy, {kNow, kNow}, drawn);
    const std::int64_t fresh_ms = lifetime.fresh_until.ms - kNow.ms;
    CHECK(fresh_ms >= 54'000);
    CHECK(fresh_ms < before);
    before = fresh_ms;
    CHECK(lifetime_of(answer({"Cache-Control: max-age=60"}), kPolicy, {kNow, kNow}, drawn)
              .fresh_until == after(60));
  }
  CHECK(before == 54'000);
  CHECK(lifetime_of(answer({}), TtlPolicy{0, 0, 0}, {kNow, kNow}, 255).fresh_until == kNow);
}

TEST_CASE("freshness: judged by the clock", "[cache]") {
  const Lifetime lifetime{kNow, after(60), after(360), after(1'060), 0};
  struct Case {
    std::int64_t at_ms;
    Freshness expected;
  };
  const auto c = GENERATE(values<Case>({
      {0, Freshness::fresh},
      {59'999, Freshness::fresh},
      {60'000, Freshness::stale_revalidate},
      {359'999, Freshness::stale_revalidate},
      {360'000, Freshness::stale_if_error},
      {1'059'999, Freshness::stale_if_error},
      {1'060'000, Freshness::expired},
      {-5'000, Freshness::fresh},
      {-5'001, Freshness::stale_revalidate},
      {-86'400'000, Freshness::stale_revalidate},
  }));
  CAPTURE(c.at_ms);
  CHECK(judge(lifetime, {kNow.ms + c.at_ms}) == c.expected);
}

TEST_CASE("freshness: windows that end early", "[cache]") {
  const Lifetime error_only{kNow, after(60), after(60), after(160), 0};
  CHECK(judge(error_only, after(61)) == Freshness::stale_if_error);
  CHECK(judge(error_only, after(-10)) == Freshness::stale_if_error);
  const Lifetime short_error{kNow, after(60), after(160), after(60), 0};
  CHECK(judge(short_error, after(100)) == Freshness::stale_revalidate);
  CHECK(judge(short_error, after(200)) == Freshness::expired);
  const Lifetime no_stale{kNow, after(60), after(60), after(60), 0};
  CHECK(judge(no_stale, after(60)) == Freshness::expired);
  // The clock went back: an object that may not be used stale is not used.
  CHECK(judge(no_stale, after(-10)) == Freshness::expired);
}

TEST_CASE("freshness: the age of an answer when it has come", "[cache]") {
  struct Case {
    const char* name;
    std::vector<const char*> lines;
    std::int64_t delay_ms, expected_s;
  };
  const auto c = GENERATE(values<Case>({
      {"nothing is said", {}, 0, 0},
      {"the response delay counts", {}, 3'999, 3},
      {"Age and the delay", {"Age: 10"}, 3'000, 13},
      {"the first Age line", {"Age: 10", "Age: 20"}, 0, 10},
      {"Date alone", {"Date: Tue, 14 Nov 2023 22:13:00 GMT"}, 3'000, 20},
      {"the greater of both", {"Date: Tue, 14 Nov 2023 22:13:00 GMT", "Age: 18"}, 3'000, 21},
      {"Date in the future", {"Date: Tue, 14 Nov 2023 22:14:20 GMT"}, 0, 0},
      {"the clock went back", {"Age: 10"}, -5'000, 10},
  }));
  DYNAMIC_SECTION(c.name) {
    const Received received{{kNow.ms - c.delay_ms}, kNow};
    CHECK(received_age_s(answer(c.lines), received) == c.expected_s);
    CHECK(lifetime_of(answer(c.lines), kPolicy, received, 0).initial_age_s == c.expected_s);
  }
}

TEST_CASE("freshness: the response delay is taken off what the origin grants", "[cache]") {
  const Received received{{kNow.ms - 4'000}, kNow};
  CHECK(lifetime_of(answer({"Cache-Control: max-age=10"}), kPolicy, received, 0).fresh_until ==
        after(6));
  CHECK(lifetime_of(answer({}), kPolicy, received, 0).fresh_until == after(60));
}

TEST_CASE("freshness: Age", "[cache]") {
  Lifetime lifetime{kNow, after(60), after(60), after(60), 7};
  CHECK(age_s(lifetime, kNow) == 7);
  CHECK(age_s(lifetime, {kNow.ms + 999}) == 7);
  CHECK(age_s(lifetime, after(1)) == 8);
  CHECK(age_s(lifetime, after(-100)) == 7);
  lifetime.initial_age_s = -3;
  CHECK(age_s(lifetime, kNow) == 0);
}

TEST_CASE("freshness: what was purged is fresh no more, and usable for no longer than before",
          "[cache]") {
  const std::int64_t fresh_s = GENERATE(0, 60);
  const std::int64_t revalidate_s = GENERATE(0, 300);
  const std::int64_t error_s = GENERATE(0, 1'000);
  const std::int64_t now_s = GENERATE(-3'600, -1, 0, 30, 61, 200, 361, 1'061);
  const std::int64_t soft_s = GENERATE(-5, 0, 40, 10'000);
  CAPTURE(fresh_s, revalidate_s, error_s, now_s, soft_s);
  const Lifetime lifetime{.stored = kNow,
                          .fresh_until = after(fresh_s),
                          .revalidate_until = after(fresh_s + revalidate_s),
                          .error_until = after(fresh_s + error_s)};
  const Freshness before = judge(lifetime, after(now_s));
  const Freshness purged =
      judge(purged_lifetime(lifetime, after(soft_s), after(now_s)), after(now_s));
  CHECK(purged != Freshness::fresh);
  if (before == Freshness::expired) CHECK(purged == Freshness::expired);
  if (before == Freshness::stale_if_error) CHECK(purged >= Freshness::stale_if_error);
  if (now_s >= soft_s) CHECK(purged >= Freshness::stale_if_error);
}
