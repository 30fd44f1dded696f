// SPDX-License-Identifier: Apache-2.0
#include "daemon/list_text.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

using namespace larder;

TEST_CASE("list text: a scope on a command line", "[daemon]") {
  struct Case {
    const char* text;
    const char* api_key;  ///< null = none
    const char* environment = "";
    const char* branch = "";
  };
  const auto c = GENERATE(values<Case>({
      {"blt1/live", "blt1", "live"},
      {"blt1/live/main", "blt1", "live", "main"},
      {"blt1", nullptr},
      {"", nullptr},
      {"/live", nullptr},
      {"blt1/", nullptr},
      {"blt1/live/", nullptr},
      {"blt1/live/a/b", nullptr},
      {"blt1//main", nullptr},
  }));
  CAPTURE(c.text);
  const auto words = scope_of_text(c.text);
  REQUIRE(words.has_value() == (c.api_key != nullptr));
  if (!words) return;
  CHECK(words->api_key == c.api_key);
  CHECK(words->environment == c.environment);
  CHECK(words->branch == c.branch);
}

TEST_CASE("list text: a table for each scope", "[daemon]") {
  const auto text = list_text(
      R"({"objects":[
          {"api_key":"blt1","environment":"live","branch":"main","path":"/v3/a","query":"b=1",
           "coding":"gzip","status":200,"state":"fresh","purged":false,"age_s":7,"bytes":1234,
           "uses":3},
          {"api_key":"blt1","environment":"live","branch":"main","path":"/v3/b\u001b","query":"",
           "coding":"identity","variants":"cs1","status":404,"state":"stale","purged":true,
           "age_s":70,"bytes":9,"uses":0},
          {"api_key":"blt1","environment":"live","branch":"next","path":"/v3/a","query":"",
           "coding":"identity","status":200,"state":"unused","purged":true,"age_s":1,"bytes":1,
           "uses":0}],"more":true})");
  REQUIRE(text);
  CHECK(*text ==
        "blt1 / live / main\n"
        "      bytes        age    uses       state            url\n"
        "       1234        7 s       3  200  fresh            /v3/a?b=1  gzip\n"
        "          9       70 s       0  404  stale*           /v3/b?  variants=cs1\n"
        "\n"
        "blt1 / live / next\n"
        "      bytes        age    uses       state            url\n"
        "          1        1 s       0  200  unused           /v3/a\n"
        "\n"
        "* purged since it was stored\n"
        "\n"
        "There are more: raise --limit, or narrow --scope or --tag.\n");
}

TEST_CASE("list text: anything else is not understood, and does no harm", "[daemon]") {
  CHECK_FALSE(list_text(""));
  CHECK_FALSE(list_text("[]"));
  CHECK_FALSE(list_text("{\"error\":\"x\"}"));
  CHECK(list_text(R"({"objects":[1,{"bytes":"x"}]})"));
}
