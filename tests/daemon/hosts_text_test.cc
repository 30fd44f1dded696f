// SPDX-License-Identifier: Apache-2.0
#include "daemon/hosts_text.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace larder;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;

TEST_CASE("hosts text: health, why, since when, and the next probe", "[daemon]") {
  const auto text = hosts_text(
      R"({"hosts":[{"name":"https://a","for":"delivery","running":{"visitor":1},"queued":{},)"
      R"("successes":7,"failures":8,"consecutive_failures":2,"state":"open","held_for_s":0,)"
      R"("next_probe_ms":500,"failures_by":{"connect":8},"failing_for_s":64,)"
      R"("last_error":{"text":"no \u001b[0m way","ago_s":2}}]})",
      false);
  REQUIRE(text);
  CHECK_THAT(*text, Equals("https://a, delivery\n"
                           "  health        open: only probes ask it until it answers\n"
                           "  since         failing for 1 min 4 s, 2 failures in a row\n"
                           "  next probe    in 500 ms at the earliest\n"
                           "  last error    2 s ago: no ?[0m way\n"
                           "  failures by   connect 8\n"
                           "  requests      7 good, 8 failed; 1 running, 0 queued\n"));
}

TEST_CASE("hosts text: a word for each health", "[daemon]") {
  struct Case {
    const char* host;
    const char* text;
    const char* colour;
  };
  const auto c = GENERATE(values<Case>({
      {R"({"state":"closed","well_for_s":5})", "well\x1b", "\x1b[32m"},
      {R"({"state":"closed","consecutive_failures":1,"failing_for_s":1})", "failing:", "\x1b[31m"},
      {R"({"state":"closed","held_for_s":9})", "left alone for 9 s more", "\x1b[31m"},
      {R"({"state":"probing","consecutive_failures":3})", "probing:", "\x1b[31m"},
  }));
  CAPTURE(c.host);
  const auto text = hosts_text("{\"hosts\":[" + std::string(c.host) + "]}", true);
  REQUIRE(text);
  CHECK_THAT(*text, ContainsSubstring(c.text));
  CHECK_THAT(*text, ContainsSubstring(c.colour));
}

TEST_CASE("hosts text: no hosts yet, and what is no status", "[daemon]") {
  CHECK(hosts_text(R"({"hosts":[]})", false) == "none was asked yet\n");
  CHECK(hosts_json(R"({"version":"1","hosts":[{"b":1,"a":2}]})") == "[{\"b\":1,\"a\":2}]\n");
  const auto* const none = GENERATE("", "{", "[]", "{}", R"({"hosts":3})");
  CAPTURE(none);
  CHECK_FALSE(hosts_text(none, false));
  CHECK_FALSE(hosts_json(none));
}
