// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/list_answer.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <nlohmann/json.hpp>
#include <string>

using namespace larder;

TEST_CASE("list: what is wrong with a question is said", "[daemon]") {
  const auto query =
      GENERATE(as<std::string>{}, "", "limit=5", "branch=", "color=red", "branch=a&branch=b",
               "branch=a&limit=0", "branch=a&limit=1001", "branch=a&limit=5x", "tag=entry",
               "tag=nothing:a", "tag=entry:", "tag=asset-list:a");
  CAPTURE(query);
  const auto parsed = parse_list_query(query);
  REQUIRE(std::holds_alternative<std::string>(parsed));
  CHECK_FALSE(std::get<std::string>(parsed).empty());
}

TEST_CASE("list: scopes, a tag and a limit", "[daemon]") {
  const auto scope = parse_list_query("api_key=blt1&environment=live&branch=a%2Fb");
  REQUIRE(std::holds_alternative<ObjectQuestion>(scope));
  CHECK(std::get<ObjectQuestion>(scope).api_key == "blt1");
  CHECK(std::get<ObjectQuestion>(scope).environment == "live");
  CHECK(std::get<ObjectQuestion>(scope).branch == "a/b");
  CHECK(std::get<ObjectQuestion>(scope).limit == 100);
  CHECK_FALSE(std::get<ObjectQuestion>(scope).tag);
  const auto tag = parse_list_query("tag=entry%3Ablog%2Fe1&limit=1000");
  REQUIRE(std::holds_alternative<ObjectQuestion>(tag));
  CHECK(std::get<ObjectQuestion>(tag).tag == entry_tag("e1"));
  CHECK(std::get<ObjectQuestion>(tag).limit == 1'000);
}

TEST_CASE("list: each object by its URL, and none by a token", "[daemon]") {
  constexpr WallTime kNow{1'700'000'000'000};
  ListedObject object;
  object.scope.api_key = "blt1";
  object.path = "/v3/assets";
  object.query = "q=csdeadbeefdeadbeefdeadbeef";
  object.lifetime.stored = {kNow.ms - 5'000};
  object.body_bytes = 12;
  UrlListing listing;
  listing.objects = {object};
  listing.more = true;
  const auto json = nlohmann::json::parse(list_json(listing, kNow));
  CHECK(json["more"] == true);
  CHECK(json["objects"][0]["query"] == "q=[redacted]");
  CHECK(json["objects"][0]["path"] == "/v3/assets");
  CHECK(json["objects"][0]["age_s"] == 5);
  CHECK(json["objects"][0]["state"] == "unused");
  CHECK_FALSE(json.contains("error"));
  CHECK(nlohmann::json::parse(list_json({}, kNow))["error"] == "nothing of it is stored");
}
