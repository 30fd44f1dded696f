// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/tags_answer.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

using namespace larder;

TEST_CASE("tags: what is wrong with a question is said", "[daemon]") {
  const auto query = GENERATE(as<std::string>{}, "", "url=", "url=/nothing", "entry=blog/e1",
                              "scope=1&branch=main", "all=1", "url=/v3/assets&hard=1",
                              "url=/v3/assets&dry_run=1", "url=/v3/assets&color=red");
  CAPTURE(query);
  const auto parsed = parse_tags_query(query, Config{});
  REQUIRE(std::holds_alternative<std::string>(parsed));
  CHECK_FALSE(std::get<std::string>(parsed).empty());
}

TEST_CASE("tags: a URL is looked up as a client would ask for it", "[daemon]") {
  const auto parsed = parse_tags_query(
      "url=https://cdn.example/v3/content_types/blog/"
      "entries%3Flimit%3D5%26environment%3Dlive%26asc%3Da"
      "&branch=main",
      Config{});
  REQUIRE(std::holds_alternative<PurgeOrder>(parsed));
  const auto& order = std::get<PurgeOrder>(parsed);
  CHECK(order.path == "/v3/content_types/blog/entries");
  CHECK(order.query == "asc=a&limit=5");
  CHECK(order.environment == "live");
  CHECK(order.branch == "main");
}

TEST_CASE("tags: an answer says what is stored, and shows no token", "[daemon]") {
  PurgeOrder order;
  order.path = "/v3/assets";
  order.query = "q=csdeadbeefdeadbeefdeadbeef";
  UrlListing listing;
  ListedObject object;
  object.scope.api_key = "blt1";
  object.scope.environment = "live";
  object.scope.branch = "main";
  object.variants = "csdeadbeefdeadbeefdeadbeef";
  object.forwarded = "authorization: Bearer abc\r\n";
  object.representation = Representation::gzip;
  object.freshness = Freshness::fresh;
  object.stored = {1'700'000'000'000};
  object.fresh_until = {1'700'000'060'000};
  object.body_bytes = 12;
  object.epoch = 3;
  object.tags = {"asset:x1", "asset-list"};
  object.unnamed_tags = 1;
  listing.objects = {object, {}};
  CHECK(
      tags_json(order, listing, "") ==
      R"({"path":"/v3/assets","query":"q=[redacted]","objects":[)"
      R"({"api_key":"blt1","environment":"live","branch":"main","coding":"gzip",)"
      R"("variants":"[redacted]","headers":"authorization: [redacted]\r\n","status":200,)"
      R"("state":"fresh","purged":false,"stored":"2023-11-14T22:13:20.000Z",)"
      R"("fresh_until":"2023-11-14T22:14:20.000Z","bytes":12,"epoch":3,)"
      R"("tags":["asset:x1","asset-list"],"unnamed_tags":1},)"
      R"({"api_key":"","environment":"","branch":"","coding":"identity","status":200,)"
      R"("state":"unused","purged":false,"stored":"1970-01-01T00:00:00.000Z","bytes":0,"epoch":0,)"
      R"("tags":[],"unnamed_tags":0}],"more":false})"
      "\n");
  CHECK(tags_json(order, {}, "none").find(R"("objects":[],"more":false,"error":"none"})") !=
        std::string::npos);
}
