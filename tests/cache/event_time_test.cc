// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/event_time.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

using namespace larder;

TEST_CASE("event time: what the CMS writes, and its relatives", "[daemon]") {
  const auto [text, ms] = GENERATE(table<std::string, std::int64_t>({
      {"1970-01-01T00:00:00Z", 0},
      {"2020-04-03T11:20:28.312Z", 1'585'912'828'312},
      {"2020-04-03t11:20:28.312z", 1'585'912'828'312},
      {"2020-04-03T11:20:28Z", 1'585'912'828'000},
      {"2020-04-03T11:20:28.3Z", 1'585'912'828'300},
      {"2020-04-03T11:20:28.312999Z", 1'585'912'828'312},
      {"2020-04-03T16:50:28.312+05:30", 1'585'912'828'312},
      {"2020-04-03T05:20:28.312-06:00", 1'585'912'828'312},
      {"2024-02-29T00:00:00.000Z", 1'709'164'800'000},
  }));
  CAPTURE(text);
  const auto time = parse_event_time(text);
  REQUIRE(time);
  CHECK(time->ms == ms);
}

TEST_CASE("event time: anything else is none", "[daemon]") {
  const auto text =
      GENERATE(as<std::string>{}, "", "2020", "2020-04-03", "2020-04-03T11:20:28",
               "2020-04-03T11:20:28.Z", "2020-13-03T11:20:28Z", "2020-04-31T11:20:28Z",
               "2023-02-29T11:20:28Z", "2020-04-03T24:20:28Z", "2020-04-03T11:60:28Z",
               "2020-04-03T11:20:61Z", "2020-4-3T11:20:28Z", "-2020-04-03T11:20:28Z",
               "2020-04-03T11:20:28Zx", " 2020-04-03T11:20:28Z", "2020-04-03T11:20:28+0530",
               "2020-04-03T11:20:28+24:00", "1585912828312", "1969-12-31T23:59:59Z");
  CAPTURE(text);
  CHECK_FALSE(parse_event_time(text));
}
