// SPDX-License-Identifier: Apache-2.0
#include "daemon/service_text.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

using namespace larder;

TEST_CASE("service text: what came of a reload", "[daemon]") {
  struct Case {
    const char* json;
    const char* text;
  };
  const auto c = GENERATE(values<Case>({
      {R"({"result":"applied","generation":3,"applied":["log.level info -> debug"],
           "needs_restart":["cache.size 1 -> 2"],"mistakes":[]})",
       "in force as generation 3:\n  log.level info -> debug\n"
       "  needs a restart: cache.size 1 -> 2\n"},
      {R"({"result":"unchanged","generation":3,"applied":[],"needs_restart":[],"mistakes":[]})",
       "nothing changed\n"},
      {R"({"result":"unchanged","generation":3,"needs_restart":["cache.path /a -> /b"]})",
       "nothing changed that works without a restart\n  needs a restart: cache.path /a -> /b\n"},
      {R"({"result":"failed","generation":3,"applied":[],"needs_restart":[],
           "mistakes":["/a.toml:3: x\u001b","/a.toml:4: y"]})",
       "/a.toml:3: x?\n/a.toml:4: y\nthe running configuration stays, generation 3\n"},
      {R"({"result":"no file","generation":1})",
       "larderd runs without a configuration file (--config)\n"},
      {R"({"result":"unchanged","generation":3,"certificates_renewed":["/a.pem was renewed"],
           "certificates_kept":[]})",
       "/a.pem was renewed\n"},
      {R"({"result":"applied","generation":4,"applied":["log.level info -> debug"],
           "certificates_kept":["127.0.0.1:443 keeps its certificates: x"]})",
       "in force as generation 4:\n  log.level info -> debug\n"
       "127.0.0.1:443 keeps its certificates: x\n"},
      {R"({"error":"x"})", nullptr},
      {"", nullptr},
  }));
  CAPTURE(c.json);
  const auto text = reload_text(c.json);
  REQUIRE(text.has_value() == (c.text != nullptr));
  if (text) CHECK(*text == c.text);
}

TEST_CASE("service text: what a check of the configuration told, as JSON", "[daemon]") {
  CHECK(config_report_json(true, "a: ok\n  b \"c\"\n") ==
        "{\"lines\":[\"a: ok\",\"  b \\\"c\\\"\"],\"ok\":true}\n");
  CHECK(config_report_json(false, "") == "{\"lines\":[],\"ok\":false}\n");
}

TEST_CASE("service text: how far a drain is", "[daemon]") {
  const auto begun = drain_text(R"({"state":"open","cut_off_in_ms":29001,"pid":7})");
  REQUIRE(begun);
  CHECK(begun->state == "open");
  CHECK(begun->process == 7);
  CHECK(begun->text ==
        "process 7: open: not ready any more, answers under way are finished, cut off in 30 s at "
        "most");
  CHECK_FALSE(drain_text("{}"));
  CHECK(drain_state(R"({"state":"draining","drain":"leaving"})") == "leaving");
  CHECK_FALSE(drain_state("[]"));
  CHECK(drain_step_text("leaving").starts_with("leaving: "));
  CHECK(drain_step_text("new\x1b") == "new?");
}
