// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/explain_request.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "tests/cache/store_fixture.h"

namespace {

using namespace larder;

const std::string kToken = "csdeadbeefdeadbeefdeadbeef";
const std::string kEntries = "/v3/content_types/blog/entries";

Config configured() {
  Config config;
  StackConfig stack;
  stack.api_key = "blt1";
  stack.hosts = {.delivery = "https://cdn.example", .preview = "https://preview.example"};
  ScopeConfig scope;
  scope.environment = "production";
  scope.delivery_tokens.emplace_back(kToken);
  stack.scopes.push_back(scope);
  scope.environment = "staging";
  scope.branches = {"develop"};
  scope.delivery_tokens.front() = Secret("csother");
  stack.scopes.push_back(scope);
  config.stacks.push_back(stack);
  return config;
}

Config open() {
  Config config;
  config.open.hosts = {.delivery = "https://cdn.example", .preview = "https://preview.example"};
  return config;
}

ExplainedRequest explained(const ExplainQuestion& question, const Config& config) {
  static const InstallSecret secret = test::secret_of(7);
  return explained_request(question, config, secret, test::hasher());
}

ExplainQuestion of_url(std::string target) {
  ExplainQuestion question;
  question.target = std::move(target);
  return question;
}

}  // namespace

TEST_CASE("explain: what is wrong with a question is said", "[daemon]") {
  const auto query = GENERATE(as<std::string>{}, "", "url=", "url=v3", "request_id=a%20b",
                              "request_id=", "url=/v3/assets&request_id=a", "request_id=a&branch=b",
                              "url=/v3/assets&color=red", "url=/v3/assets&headers=none",
                              "url=/v3/assets&headers=a%20b:c", "api_key=a");
  CAPTURE(query);
  const auto parsed = parse_explain_query(query);
  REQUIRE(std::holds_alternative<std::string>(parsed));
  CHECK_FALSE(std::get<std::string>(parsed).empty());
}

TEST_CASE("explain: a question has a URL and headers, or a request id", "[daemon]") {
  const auto parsed = parse_explain_query(
      "url=https://cdn.example/v3/assets%3Flimit%3D5&branch=b&headers=x-a:%20b%0Ac:d%0A");
  REQUIRE(std::holds_alternative<ExplainQuestion>(parsed));
  const auto& question = std::get<ExplainQuestion>(parsed);
  CHECK(question.target == "/v3/assets?limit=5");
  CHECK(question.branch == "b");
  REQUIRE(question.headers.size() == 2);
  CHECK(question.headers[0] == std::pair<std::string, std::string>("x-a", "b"));
  CHECK(question.headers[1] == std::pair<std::string, std::string>("c", "d"));
  const auto id = parse_explain_query("request_id=a-1");
  REQUIRE(std::holds_alternative<ExplainQuestion>(id));
  CHECK(std::get<ExplainQuestion>(id).request_id == "a-1");
}

TEST_CASE("explain: without a token each scope of the stack is a place", "[daemon]") {
  const auto request = explained(of_url(kEntries + "?limit=5&asc=a&api_key=blt1"), configured());
  REQUIRE_FALSE(request.refusal);
  CHECK(request.route == Route::cached);
  CHECK(request.route_reason == Reason::cached_path);
  CHECK(request.path == kEntries);
  CHECK(request.query == "asc=a&limit=5");
  CHECK(request.taken == std::vector<std::string>{"api_key"});
  CHECK(request.sorted);
  CHECK_FALSE(request.exact);
  REQUIRE(request.places.size() == 2);
  CHECK(request.places[0].scope->environment == "production");
  CHECK(request.places[0].scope->branch == "main");
  CHECK(request.places[1].scope->environment == "staging");
  CHECK(request.places[1].scope->branch == "develop");
  CHECK(request.places[0].key != request.places[1].key);
  CHECK(request.places[0].scope_reason == Reason::configured_scope);
}

TEST_CASE("explain: a URL's environment, or that of the question, leaves one scope", "[daemon]") {
  auto question = of_url(kEntries);
  SECTION("of the URL") {
    question.target += "?environment=production";
  }
  SECTION("of the question") {
    question.environment = "production";
  }
  const auto request = explained(question, configured());
  REQUIRE(request.places.size() == 1);
  CHECK(request.places[0].scope->environment == "production");
}

TEST_CASE("explain: with a token the request has the scope that a client's has", "[daemon]") {
  auto question = of_url(kEntries);
  question.headers = {{"api_key", "blt1"}, {"access_token", kToken}};
  const auto request = explained(question, configured());
  CHECK(request.exact);
  REQUIRE(request.places.size() == 1);
  const auto same = explained(of_url(kEntries + "?environment=production"), configured());
  CHECK(request.places[0].key == same.places[0].key);
}

TEST_CASE("explain: what is refused, passed or a preview says why", "[daemon]") {
  struct Case {
    const char* name;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;
    Reason refused;
    Route route;
    Reason reason;
  };
  using Headers = std::vector<std::pair<std::string, std::string>>;
  const auto c = GENERATE(values<Case>({
      {"unknown token", kEntries, Headers{{"api_key", "blt1"}, {"access_token", "x"}},
       Reason::unknown_token, Route::pass, Reason::none},
      {"unknown stack", kEntries, Headers{{"api_key", "blt2"}, {"access_token", "x"}},
       Reason::unknown_stack, Route::pass, Reason::none},
      {"no API", "/index.html", {}, Reason::no_api_path, Route::pass, Reason::none},
      {"other environment",
       kEntries + "?environment=moon",
       {},
       Reason::other_environment,
       Route::pass,
       Reason::none},
      {"a hash", kEntries + "?live_preview=h", Headers{{"api_key", "blt1"}}, Reason::none,
       Route::preview, Reason::preview_hash},
      {"a hash and no key",
       kEntries + "?live_preview=h",
       {},
       Reason::unknown_stack,
       Route::preview,
       Reason::preview_hash},
      {"another path", "/v3/unknown", {}, Reason::none, Route::pass, Reason::uncached_path},
      {"another path of one environment",
       "/v3/unknown?environment=production",
       {},
       Reason::none,
       Route::pass,
       Reason::uncached_path},
      {"a release", kEntries + "?release_id=r", {}, Reason::none, Route::pass, Reason::timeline},
  }));
  DYNAMIC_SECTION(c.name) {
    auto question = of_url(c.target);
    question.headers = c.headers;
    const auto request = explained(question, configured());
    CHECK(request.places.empty());
    CHECK(std::string(name_of(request.refusal ? request.refusal->reason : Reason::none)) ==
          name_of(c.refused));
    if (c.refused != Reason::none) return;
    CHECK(request.route == c.route);
    CHECK(request.route_reason == c.reason);
    CHECK_FALSE(request.host.empty());
  }
}

TEST_CASE("explain: in open mode only the store knows the scopes of a URL", "[daemon]") {
  const auto request = explained(of_url(kEntries + "?b=1&environment=live&a=2"), open());
  REQUIRE_FALSE(request.refusal);
  CHECK(request.places.empty());
  CHECK_FALSE(request.exact);
  CHECK(request.path == kEntries);
  CHECK(request.query == "a=2&b=1");
  CHECK(request.environment == "live");
  auto question = of_url(kEntries);
  question.headers = {{"api_key", "blt9"}, {"access_token", "any"}};
  CHECK(explained(question, open()).places.size() == 1);
}
