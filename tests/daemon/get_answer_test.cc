// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/get_answer.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <nlohmann/json.hpp>
#include <string>

using namespace larder;

TEST_CASE("get: what is wrong with a question is said", "[daemon]") {
  const auto query = GENERATE(
      as<std::string>{}, "", "url=", "url=/nothing", "entry=blog/e1", "url=/v3/assets&hard=1",
      "url=/v3/assets&object=1", "url=/v3/assets&piece=1", "url=/v3/assets&object=x&piece=0",
      "url=/v3/assets&object=1&piece=-1", "url=/v3/assets&object=1&object=1&piece=0",
      "url=/v3/assets&object=1&piece=4294967296", "object=1&piece=0");
  CAPTURE(query);
  const auto parsed = parse_get_query(query, Config{});
  REQUIRE(std::holds_alternative<std::string>(parsed));
  CHECK_FALSE(std::get<std::string>(parsed).empty());
}

TEST_CASE("get: the heads of a URL, or a piece of one body", "[daemon]") {
  const auto heads = parse_get_query("url=/v3/assets%3Flimit%3D5&branch=main", Config{});
  REQUIRE(std::holds_alternative<GetQuestion>(heads));
  CHECK(std::get<GetQuestion>(heads).order.path == "/v3/assets");
  CHECK(std::get<GetQuestion>(heads).order.query == "limit=5");
  CHECK(std::get<GetQuestion>(heads).order.branch == "main");
  CHECK_FALSE(std::get<GetQuestion>(heads).piece);
  const auto piece = parse_get_query("object=7&url=/v3/assets&piece=3", Config{});
  REQUIRE(std::holds_alternative<GetQuestion>(piece));
  REQUIRE(std::get<GetQuestion>(piece).piece);
  CHECK(std::get<GetQuestion>(piece).piece->object == 7);
  CHECK(std::get<GetQuestion>(piece).piece->index == 3);
}

TEST_CASE("get: a head is told with its fields and lifetimes, and without any token", "[daemon]") {
  constexpr WallTime kNow{1'700'000'000'000};
  const std::string token = "csdeadbeefdeadbeefdeadbeef";
  PurgeOrder order;
  order.path = "/v3/assets";
  order.query = "q=" + token;
  ListedObject object;
  object.scope.api_key = "blt1";
  object.freshness = Freshness::fresh;
  object.lifetime = {.stored = {kNow.ms - 5'000},
                     .fresh_until = {kNow.ms + 60'000},
                     .revalidate_until = {kNow.ms + 90'000},
                     .error_until = {kNow.ms + 120'000},
                     .initial_age_s = 2};
  object.fields = "Content-Type: application/json\r\nSet-Cookie: a=b\r\nX-A: " + token + "\r\n";
  object.sequence = 7;
  object.pieces = 2;
  object.body_bytes = 70'000;
  object.uses = 3;
  UrlListing listing;
  listing.objects = {object};
  const std::string text = get_json(order, listing, "", kNow);
  CAPTURE(text);
  CHECK(text.find(token) == std::string::npos);
  const auto json = nlohmann::json::parse(text);
  CHECK(json["query"] == "q=[redacted]");
  const auto& one = json["objects"][0];
  CHECK(one["head"] == nlohmann::json{"Content-Type: application/json", "Set-Cookie: [redacted]",
                                      "X-A: [redacted]"});
  CHECK(one["age_s"] == 7);
  CHECK(one["fresh_for_s"] == 60);
  CHECK(one["stale_for_s"] == 90);
  CHECK(one["on_error_for_s"] == 120);
  CHECK(one["object"] == 7);
  CHECK(one["pieces"] == 2);
  CHECK(one["bytes"] == 70'000);
  CHECK(one["uses"] == 3);
  CHECK(one["state"] == "fresh");
  CHECK(nlohmann::json::parse(get_json(order, {}, "none", kNow))["error"] == "none");
}
