// SPDX-License-Identifier: Apache-2.0
#include "cache/http/http_date.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <ctime>
#include <string>

using namespace larder;

TEST_CASE("HTTP-date: the three forms", "[cache]") {
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"}) {
    CAPTURE(text);
    CHECK(parse_http_date(text) == WallTime{784'111'777'000});
  }
}

TEST_CASE("HTTP-date: names are read in upper and lower case", "[cache]") {
  for (const char* text : {"sun, 06 nov 1994 08:49:37 gmt", "SUN, 06 NOV 1994 08:49:37 GMT",
                           "sunday, 06-nov-94 08:49:37 Gmt", "SUN nov  6 08:49:37 1994"}) {
    CAPTURE(text);
    CHECK(parse_http_date(text) == WallTime{784'111'777'000});
  }
}

TEST_CASE("HTTP-date: written as it is read", "[cache]") {
  CHECK(format_http_date({784'111'777'999}) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(format_http_date({0}) == "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST_CASE("HTTP-date: days of the calendar", "[cache]") {
  for (std::int64_t second = -2'000'000'000; second < 5'000'000'000; second += 9'876'543) {
    const std::time_t time = second;
    std::tm parts{};
    gmtime_r(&time, &parts);
    char text[64];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    CAPTURE(text);
    REQUIRE(parse_http_date(text) == WallTime{second * 1'000});
  }
}

TEST_CASE("HTTP-date: what is none", "[cache]") {
  const std::string text =
      GENERATE(as<std::string>{}, "", "0", "-1", "now", "Sun", "Sun,", "Sun, 06 Nov 1994 08:49:37",
               "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT",
               "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nop 1994 08:49:37 GMT",
               "Sun, 06 anF 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
               "Sun, 32 Dec 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
               "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
               "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
               "Sun, 06 Nov 1994  08:49:37 GMT", "Sun, 06-Nov-1994 08:49:37 GMT",
               "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 94", "Sun, 06 Nov 1994 8:49:37 GMT",
               "S, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov -994 08:49:37 GMT");
  CAPTURE(text);
  CHECK(parse_http_date(text) == std::nullopt);
}

TEST_CASE("HTTP-date: two-digit years are 1970 to 2069", "[cache]") {
  CHECK(parse_http_date("Thursday, 01-Jan-70 00:00:00 GMT") == WallTime{0});
  CHECK(parse_http_date("Tuesday, 01-Jan-69 00:00:00 GMT") == WallTime{3'124'224'000'000});
}
