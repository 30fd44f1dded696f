// SPDX-License-Identifier: Apache-2.0
#include "daemon/get_text.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <nlohmann/json.hpp>
#include <string>

using namespace larder;
using Json = nlohmann::json;

namespace {

Json object(unsigned number, const char* branch, const char* coding, const char* state = "fresh") {
  return {
      {"api_key", "blt1"}, {"environment", "live"}, {"branch", branch}, {"coding", coding},
      {"state", state},    {"object", number},      {"bytes", 12},      {"pieces", 1},
      {"kind", "entry"},   {"status", 200},         {"age_s", 7},       {"fresh_for_s", 60},
      {"stale_for_s", -3}, {"on_error_for_s", 90},  {"uses", 2},        {"epoch", 4},
      {"stored", "S"},     {"key", "00ff"},         {"purged", false},  {"head", {"ETag: \"x\""}}};
}

std::string answer(const std::vector<Json>& objects) {
  return Json{{"path", "/v3/a"}, {"query", "b=1"}, {"objects", objects}}.dump();
}

}  // namespace

TEST_CASE("get text: which of several is meant", "[daemon]") {
  struct Case {
    const char* name;
    std::vector<Json> objects;
    std::optional<std::uint64_t> number;
    std::uint64_t picked;  ///< 0 = none
  };
  const auto c = GENERATE(values<Case>({
      {"the only one", {object(1, "main", "gzip")}, {}, 1},
      {"of two codings the last",
       {object(1, "main", "gzip"), object(2, "main", "identity")},
       {},
       2},
      {"the one that lookups find",
       {object(1, "main", "gzip"), object(2, "main", "gzip", "unused")},
       {},
       1},
      {"two branches are two", {object(1, "main", "gzip"), object(2, "next", "gzip")}, {}, 0},
      {"by its number", {object(1, "main", "gzip"), object(2, "next", "gzip")}, 1, 1},
      {"no such number", {object(1, "main", "gzip")}, 3, 0},
      {"an unused one where there is no other", {object(5, "main", "gzip", "unused")}, {}, 5},
      {"none", {}, {}, 0},
  }));
  DYNAMIC_SECTION(c.name) {
    const auto picked = pick_object(answer(c.objects), c.number);
    CHECK((picked ? picked->number : 0) == c.picked);
    if (!picked) CHECK_FALSE(picked.error().context.empty());
    if (picked) CHECK(picked->usable == (c.picked != 5));
  }
}

TEST_CASE("get text: several are told by their numbers", "[daemon]") {
  const auto picked =
      pick_object(answer({object(1, "main", "gzip"), object(2, "next", "gzip")}), {});
  REQUIRE_FALSE(picked);
  CHECK(picked.error().context.find("--object 2  blt1 / live / next, gzip, fresh") !=
        std::string::npos);
}

TEST_CASE("get text: a head in lines", "[daemon]") {
  const auto picked = pick_object(answer({object(1, "", "gzip")}), {});
  REQUIRE(picked);
  CHECK(picked->gzip);
  CHECK(get_text(*picked) ==
        "blt1 / live / -\n"
        "  url       /v3/a?b=1\n"
        "  object    1, key 00ff\n"
        "  state     fresh\n"
        "  answer    200, gzip, 12 bytes, entry, used 2 times\n"
        "  stored    S, age 7 s, after purge 4\n"
        "  fresh     for 60 s\n"
        "  stale     no more while its refresh runs, for 90 s when the origin fails\n"
        "  head      ETag: \"x\"\n");
}

TEST_CASE("get text: JSON has the body as a text, or says that it is none", "[daemon]") {
  const auto picked = pick_object(answer({object(1, "main", "identity")}), {});
  REQUIRE(picked);
  const std::string body = R"({"a":"ä"})", broken = "\xff";
  CHECK(Json::parse(get_json_of(*picked, &body))["body"] == body);
  CHECK_FALSE(Json::parse(get_json_of(*picked, nullptr)).contains("body"));
  const Json told = Json::parse(get_json_of(*picked, &broken));
  CHECK_FALSE(told.contains("body"));
  CHECK(told.contains("body_error"));
  CHECK(for_terminal("{\n\t\x1b[2J\x7f}") == "{\n\t?[2J?}");
}

TEST_CASE("get text: anything else is not understood, and does no harm", "[daemon]") {
  const auto json = GENERATE(as<std::string>{}, "", "[]", "{\"error\":\"x\"}", "{\"objects\":3}",
                             R"({"objects":[1,{"state":2}]})");
  CAPTURE(json);
  const auto picked = pick_object(json, {});
  if (picked) CHECK_FALSE(get_text(*picked).empty());
}
