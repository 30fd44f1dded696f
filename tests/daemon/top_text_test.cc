// SPDX-License-Identifier: Apache-2.0
#include "daemon/top_text.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace larder;
using Catch::Matchers::Equals;

TEST_CASE("top text: tables of URLs and scopes", "[daemon]") {
  const auto text = top_text(
      R"({"samples":200,"urls":[{"scope":"a/p/m","url":"/v3/x\u001b","samples":50,"seen":40,"missed":10,)"
      R"("mean_us":7,"longest_us":1500,"largest_bytes":2048}],"scopes":[{"scope":"","samples":200,"seen":200,)"
      R"("missed":0,"mean_us":2500000,"longest_us":3000000,"largest_bytes":5}]})");
  REQUIRE(text);
  CHECK_THAT(*text, Equals("  requests    missed      mean   longest   largest  URL and scope\n"
                           "    25.0 %    25.0 %      7 us    1.5 ms   2.0 KiB  /v3/x?  a/p/m\n"
                           "\n"
                           "  requests    missed      mean   longest   largest  scope\n"
                           "   100.0 %     0.0 %     2.5 s     3.0 s       5 B  (no scope)\n"
                           "\n"
                           "Of 200 requests that were looked at, the older ones by less.\n"));
}

TEST_CASE("top text: nothing lately, and what is no answer of larderd", "[daemon]") {
  CHECK(top_text(R"({"samples":0,"urls":[],"scopes":[]})") == "no request was seen lately\n");
  const auto* const none = GENERATE("", "[]", "{}", R"({"urls":1})");
  CAPTURE(none);
  CHECK_FALSE(top_text(none));
}
