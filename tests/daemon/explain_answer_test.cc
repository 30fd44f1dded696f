// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/explain_answer.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <string>

namespace {

using namespace larder;

constexpr WallTime kNow{1'700'000'000'000};
const std::string kToken = "csdeadbeefdeadbeefdeadbeef";

CacheKey key_of(std::uint8_t scope, std::uint8_t url) {
  CacheKey key;
  std::fill_n(key.bytes.begin(), 16, scope);
  std::fill_n(key.bytes.begin() + 16, 16, url);
  return key;
}

ScopeMac mac_of(std::uint8_t scope) {
  ScopeMac mac;
  mac.bytes.fill(scope);
  return mac;
}

ExplainedPlace place_of(std::uint8_t scope) {
  auto made = std::make_shared<Scope>();
  made->mac = made->credential = mac_of(scope);
  made->delivery_host = "https://cdn.example";
  made->api_key = "blt1";
  made->environment = "live";
  return {made, Reason::configured_scope, key_of(scope, 1)};
}

ListedObject object_of(std::uint8_t scope, std::uint8_t url) {
  ListedObject object;
  object.scope.mac = mac_of(scope);
  object.scope.delivery_host = "https://cdn.example";
  object.key = key_of(scope, url);
  object.freshness = Freshness::fresh;
  object.lifetime = {.stored = {kNow.ms - 5'000},
                     .fresh_until = {kNow.ms + 60'000},
                     .revalidate_until = {kNow.ms + 60'000},
                     .error_until = {kNow.ms + 90'000}};
  object.tags = {"asset:x1"};
  return object;
}

Explanation of_places(std::vector<ExplainedPlace> places, bool exact = false) {
  Explanation explanation;
  explanation.now = kNow;
  explanation.question.target = "/v3/assets?access_token=" + kToken;
  explanation.request.route = Route::cached;
  explanation.request.route_reason = Reason::cached_path;
  explanation.request.path = "/v3/assets";
  explanation.request.places = std::move(places);
  explanation.request.exact = exact;
  return explanation;
}

}  // namespace

TEST_CASE("explain: stored answers and scopes without one are put together", "[daemon]") {
  auto explanation = of_places({place_of(1), place_of(2)});
  UrlListing listing;
  listing.objects = {object_of(1, 1), object_of(3, 1)};
  gather_scopes(explanation, std::move(listing));
  REQUIRE(explanation.scopes.size() == 3);
  CHECK(explanation.scopes[0].object);
  CHECK(explanation.scopes[0].outlook.credential == mac_of(1));
  CHECK(explanation.scopes[1].object);
  CHECK_FALSE(explanation.scopes[1].outlook.credential);
  CHECK_FALSE(explanation.scopes[2].object);
  CHECK(explanation.scopes[2].outlook.key == key_of(2, 1));
  CHECK(explanation.scopes[2].label.environment == "live");
  CHECK_FALSE(knows_nothing(explanation));
}

TEST_CASE("explain: a question with a token is about its own scope alone", "[daemon]") {
  auto explanation = of_places({place_of(1)}, true);
  UrlListing listing;
  listing.objects = {object_of(3, 1)};
  gather_scopes(explanation, std::move(listing));
  REQUIRE(explanation.scopes.size() == 1);
  CHECK_FALSE(explanation.scopes[0].object);
  CHECK(knows_nothing(explanation));
}

TEST_CASE("explain: scopes have a bound", "[daemon]") {
  auto explanation = of_places({});
  UrlListing listing;
  for (int i = 0; i < 100; ++i)
    listing.objects.push_back(object_of(static_cast<std::uint8_t>(i), 1));
  gather_scopes(explanation, std::move(listing));
  CHECK(explanation.scopes.size() == Explanation::kMostScopes);
  CHECK(explanation.more);
}

TEST_CASE("explain: the answer says all of it, and shows no token", "[daemon]") {
  auto explanation = of_places({place_of(1)});
  explanation.request.taken = {"access_token", kToken};
  explanation.request.query = "q=" + kToken;
  UrlListing listing;
  listing.objects = {object_of(1, 1)};
  listing.objects[0].variants = kToken;
  listing.objects[0].forwarded = "authorization: Bearer abc\r\n";
  gather_scopes(explanation, std::move(listing));
  explanation.scopes[0].outlook.host_state = "open";
  explanation.scopes[0].outlook.last_error = "access_token: abc";
  explanation.scopes[0].decisions = {{.time = kNow,
                                      .id = RequestId::of_text(kToken),
                                      .key = key_of(1, 1),
                                      .status = 200,
                                      .outcome = Outcome::miss,
                                      .reason = Reason::absent,
                                      .detail = "stored"}};
  const std::string text = explain_json(explanation);
  CHECK(text.find(kToken) == std::string::npos);
  CHECK(text.find("Bearer abc") == std::string::npos);
  const auto json = nlohmann::json::parse(text);
  CHECK(json["route"] == "cached");
  CHECK(json["line"] == "cached: a path of the delivery API that may be stored (cached-path)");
  const auto& scope = json["scopes"][0];
  CHECK(scope["key"] == "0101010101010101");
  CHECK(scope["scope"] == "01010101");
  CHECK(scope["stored"]["age_s"] == 5);
  CHECK(scope["stored"]["fresh_for_s"] == 60);
  CHECK(scope["stored"]["on_error_for_s"] == 90);
  CHECK(scope["next"]["outcome"] == "hit");
  CHECK(scope["origin"]["trouble"] == "none");
  CHECK(scope["origin"]["state"] == "open");
  CHECK(scope["origin"]["last_error"] == "access_token: [redacted]");
  CHECK(scope["decisions"][0]["line"] ==
        "miss: nothing of it is stored (absent); the answer was stored (stored)");
  CHECK(scope["decisions"][0]["request_id"] == "[redacted]");
}

TEST_CASE("explain: the next answer knows what became of the last one", "[daemon]") {
  auto explanation = of_places({place_of(1)});
  gather_scopes(explanation, {});
  auto& scope = explanation.scopes[0];
  scope.outlook.mark = KeyOutlook::Mark::lasting;
  scope.decisions = {{.time = {2},
                      .id = {},
                      .key = {},
                      .outcome = Outcome::miss,
                      .reason = Reason::absent,
                      .detail = "hit-for-miss"},
                     {.time = {1},
                      .id = {},
                      .key = {},
                      .outcome = Outcome::miss,
                      .reason = Reason::absent,
                      .detail = "vary"}};
  const auto json = nlohmann::json::parse(explain_json(explanation));
  const std::string line = json["scopes"][0]["next"]["line"];
  CAPTURE(line);
  CHECK(line.find("(vary)") != std::string::npos);
  CHECK(json["scopes"][0]["next"]["detail"] == "hit-for-miss");
}

TEST_CASE("explain: what is refused has its cause, and of an id nobody knows that is said",
          "[daemon]") {
  Explanation refused = of_places({});
  refused.request.refusal = Refusal{.status = 401, .cause = "no", .reason = Reason::no_token};
  CHECK_FALSE(knows_nothing(refused));
  const auto json = nlohmann::json::parse(explain_json(refused));
  CHECK(json["route"] == "refused");
  CHECK(json["reason"] == "no-token");
  CHECK(json["line"] == "refused: it has no token (no-token): no");
  Explanation unknown;
  unknown.question.request_id = "a";
  CHECK(knows_nothing(unknown));
  CHECK(nlohmann::json::parse(explain_json(unknown))["error"] ==
        "no request of this id is remembered (log.decisions)");
}
