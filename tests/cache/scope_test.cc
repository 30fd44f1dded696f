// SPDX-License-Identifier: Apache-2.0
#include "cache/scope/scope_table.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <set>

using namespace larder;

namespace {

InstallSecret test_secret(std::uint8_t octet = 5) {
  InstallSecret secret;
  secret.bytes.fill(octet);
  return secret;
}

Config open_config() {
  Config config;
  config.open.hosts = {"https://cdn.test", "https://preview.test"};
  return config;
}

ScopeConfig scope_config(std::string environment, std::vector<std::string> tokens,
                         std::vector<std::string> branches = {}) {
  ScopeConfig scope;
  scope.environment = std::move(environment);
  scope.branches = std::move(branches);
  for (std::string& token : tokens) scope.delivery_tokens.emplace_back(std::move(token));
  return scope;
}

Config configured() {
  Config config;
  StackConfig stack;
  stack.api_key = "blt1";
  stack.hosts = {"https://eu-cdn.test", "https://eu-preview.test"};
  stack.scopes.push_back(scope_config("production", {"cs1", "cs2"}, {"main", "live"}));
  stack.scopes.push_back(scope_config("staging", {"cs3", "cs4"}));
  stack.scopes[0].preview_tokens.emplace_back("csp1");
  config.stacks.push_back(std::move(stack));
  StackConfig other;
  other.api_key = "blt2";
  other.hosts = {"https://cdn.test", "https://preview.test"};
  other.scopes.push_back(scope_config("production", {"cs5"}));
  config.stacks.push_back(std::move(other));
  return config;
}

RequestFields fields_of(std::string_view api_key, std::string_view token,
                        std::string_view environment = "", std::string_view branch = "main") {
  RequestFields fields;
  fields.api_key = api_key;
  fields.access_token = token;
  fields.environment = environment;
  fields.branch = branch;
  return fields;
}

std::shared_ptr<const Scope> proven(ScopeTable& table, const RequestFields& fields) {
  auto result = table.resolve(fields);
  const Refusal* refusal = std::get_if<Refusal>(&result);
  INFO((refusal ? refusal->cause : ""));
  REQUIRE(refusal == nullptr);
  return std::get<larder::ProvenScope>(result).scope;
}

Refusal refused(ScopeTable& table, const RequestFields& fields) {
  auto result = table.resolve(fields);
  REQUIRE(std::holds_alternative<Refusal>(result));
  return std::get<Refusal>(result);
}

}  // namespace

TEST_CASE("scope: in open mode every tuple is a scope of its own", "[cache]") {
  const Config config = open_config();
  ScopeTable table(config, test_secret());
  const std::vector<RequestFields> tuples = {
      fields_of("blt1", "cs1", "production"),
      fields_of("blt2", "cs1", "production"),
      fields_of("blt1", "cs2", "production"),
      fields_of("blt1", "cs1", "staging"),
      fields_of("blt1", "cs1", "production", "dev"),
      fields_of("blt1", "cs1"),
      // Parts that run into each other without their lengths.
      fields_of("blt1c", "s1", "production"),
      fields_of("blt1", "cs1p", "roduction"),
      fields_of("blt1", "cs1", "productionmain", ""),
      fields_of("blt1", "cs1", "", "productionmain"),
  };
  std::set<std::array<std::uint8_t, 32>> scopes, credentials;
  for (const RequestFields& fields : tuples) {
    const auto scope = proven(table, fields);
    scopes.insert(scope->mac.bytes);
    credentials.insert(scope->credential.bytes);
    CHECK(scope->mac != scope->credential);
    CHECK(scope == proven(table, fields));  // remembered
    CHECK(scope->delivery_host == "https://cdn.test");
    CHECK(scope->preview_host == "https://preview.test");
    CHECK(scope->api_key == fields.api_key);
    CHECK(scope->environment == fields.environment);
    CHECK(scope->branch == fields.branch);
  }
  CHECK(scopes.size() == tuples.size());
  CHECK(credentials.size() == tuples.size());
}

TEST_CASE("scope: the MAC depends on install secret and delivery host, on nothing else unseen",
          "[cache]") {
  const RequestFields fields = fields_of("blt1", "cs1", "production");
  const Config config = open_config();
  Config other_host = config;
  other_host.open.hosts.delivery = "https://eu-cdn.test";
  ScopeTable table(config, test_secret());
  ScopeTable same(config, test_secret());
  ScopeTable other_secret(config, test_secret(6));
  ScopeTable elsewhere(other_host, test_secret());
  const ScopeMac mac = proven(table, fields)->mac;
  CHECK(proven(same, fields)->mac == mac);
  CHECK(proven(other_secret, fields)->mac != mac);
  CHECK(proven(elsewhere, fields)->mac != mac);
}

TEST_CASE("scope: with configured stacks only their tokens are let in", "[cache]") {
  struct Case {
    const char* name;
    RequestFields fields;
    int status;
    int error_code = 0;
    const char* field = "";
  };
  const auto c = GENERATE(values<Case>({
      {"known token", fields_of("blt1", "cs1", "production"), 0},
      {"known token, second", fields_of("blt1", "cs2", "production"), 0},
      {"environment left out", fields_of("blt1", "cs1"), 0},
      {"an allowed branch", fields_of("blt1", "cs1", "", "live"), 0},
      {"any branch where none is listed", fields_of("blt1", "cs3", "", "whatever"), 0},
      {"unknown api key", fields_of("blt3", "cs1"), 412, 109, "api_key"},
      {"unknown token", fields_of("blt1", "cs9"), 401, 105, "access_token"},
      {"start of a token", fields_of("blt1", "cs"), 401, 105, "access_token"},
      {"no token", fields_of("blt1", ""), 401, 105, "access_token"},
      {"another stack's token", fields_of("blt1", "cs5"), 401, 105, "access_token"},
      {"a preview token", fields_of("blt1", "csp1"), 401, 105, "access_token"},
      {"another environment", fields_of("blt1", "cs1", "staging"), 422, 141, "access_token"},
      {"another branch", fields_of("blt1", "cs1", "", "dev"), 422, 901, "branch"},
      {"another environment and branch", fields_of("blt1", "cs1", "staging", "dev"), 422, 141,
       "access_token"},
  }));
  const Config config = configured();
  ScopeTable table(config, test_secret());
  DYNAMIC_SECTION(c.name) {
    if (c.status == 0) {
      CHECK(proven(table, c.fields)->delivery_host == "https://eu-cdn.test");
      return;
    }
    for (int again = 0; again < 2; ++again) {
      const Refusal refusal = refused(table, c.fields);
      CHECK(refusal.status == c.status);
      CHECK(refusal.error_code == c.error_code);
      CHECK(std::string_view(refusal.field) == c.field);
      CHECK_FALSE(refusal.close);
    }
  }
}

TEST_CASE("scope: tokens of one scope share answers, but not their rejection", "[cache]") {
  const Config config = configured();
  ScopeTable table(config, test_secret());
  const auto first = proven(table, fields_of("blt1", "cs1", "production"));
  const auto second = proven(table, fields_of("blt1", "cs2", "production"));
  CHECK(first->mac == second->mac);
  CHECK(first->credential != second->credential);
}

TEST_CASE("scope: the configured environment stands in where a request names none", "[cache]") {
  const Config config = configured();
  ScopeTable table(config, test_secret());
  const auto named = proven(table, fields_of("blt1", "cs1", "production"));
  const auto unnamed = proven(table, fields_of("blt1", "cs1"));
  CHECK(unnamed->environment == "production");
  CHECK(unnamed->mac == named->mac);
  CHECK(unnamed->credential == named->credential);
  CHECK(proven(table, fields_of("blt1", "cs1", "", "live"))->mac != named->mac);
}

TEST_CASE("scope: a token under several environments sees the one that the request names",
          "[cache]") {
  Config config;
  StackConfig stack;
  stack.api_key = "blt1";
  stack.scopes.push_back(scope_config("production", {"cs1"}, {"main"}));
  stack.scopes.push_back(scope_config("staging", {"cs1"}, {"dev"}));
  config.stacks.push_back(std::move(stack));
  ScopeTable table(config, test_secret());
  CHECK(proven(table, fields_of("blt1", "cs1"))->environment == "production");
  CHECK(proven(table, fields_of("blt1", "cs1", "staging", "dev"))->environment == "staging");
  CHECK(proven(table, fields_of("blt1", "cs1", "", "dev"))->environment == "staging");
  CHECK(refused(table, fields_of("blt1", "cs1", "staging", "main")).error_code == 901);
  CHECK(refused(table, fields_of("blt1", "cs1", "test", "main")).error_code == 141);
}

TEST_CASE("scope: a rotation keeps the cache warm until the first token goes", "[cache]") {
  const auto mac_with = [](std::vector<std::string> tokens, std::string_view used) {
    Config config;
    StackConfig stack;
    stack.api_key = "blt1";
    stack.hosts.delivery = "https://cdn.test";
    stack.scopes.push_back(scope_config("production", std::move(tokens)));
    config.stacks.push_back(std::move(stack));
    ScopeTable table(config, test_secret());
    return proven(table, fields_of("blt1", used))->mac;
  };
  const ScopeMac before = mac_with({"cs1"}, "cs1");
  CHECK(mac_with({"cs1", "cs2"}, "cs1") == before);
  CHECK(mac_with({"cs1", "cs2"}, "cs2") == before);
  CHECK(mac_with({"cs2", "cs1"}, "cs1") != before);
  CHECK(mac_with({"cs2"}, "cs2") != before);
}

TEST_CASE("scope: open and configured mode never share a scope", "[cache]") {
  Config open = open_config();
  Config closed;
  StackConfig stack;
  stack.api_key = "blt1";
  stack.hosts = open.open.hosts;
  stack.scopes.push_back(scope_config("production", {"cs1"}));
  closed.stacks.push_back(std::move(stack));
  ScopeTable open_table(open, test_secret());
  ScopeTable closed_table(closed, test_secret());
  const RequestFields fields = fields_of("blt1", "cs1", "production");
  CHECK(proven(open_table, fields)->mac != proven(closed_table, fields)->mac);
}

TEST_CASE("scope: requests with management credentials get hosts, but no scope of others",
          "[cache]") {
  const Config config = configured();
  ScopeTable table(config, test_secret());
  RequestFields fields = fields_of("blt1", "");
  fields.authorization = "cs_mgmt";
  const auto passed = proven(table, fields);
  CHECK(passed->delivery_host == "https://eu-cdn.test");
  CHECK(passed->mac != proven(table, fields_of("blt1", "cs1"))->mac);
  fields.authorization = {};
  CHECK(refused(table, fields).status == 401);  // nothing was remembered
  fields.authtoken = "blt9";
  CHECK(proven(table, fields)->delivery_host == "https://eu-cdn.test");
}

TEST_CASE("scope: what is remembered is bounded, and forgetting changes nothing", "[cache]") {
  Config config = open_config();
  config.open.max_scopes = 3;
  ScopeTable table(config, test_secret());
  const auto nth = [&](int n) {
    static std::vector<std::string> tokens;
    if (tokens.empty())
      for (int i = 0; i < 100; ++i) tokens.push_back("cs" + std::to_string(i));
    return proven(table, fields_of("blt1", tokens[static_cast<std::size_t>(n)]));
  };
  const auto zero = nth(0);
  nth(1);
  nth(2);
  CHECK(nth(0) == zero);  // now the most recent
  nth(3);                 // 1 leaves
  CHECK(nth(0) == zero);
  for (int n = 10; n < 20; ++n) nth(n);
  const auto again = nth(0);
  CHECK(again != zero);
  CHECK(again->mac == zero->mac);
  CHECK(zero.use_count() == 1);
}

TEST_CASE("scope: one is listed if the configuration names its environment and its branch",
          "[cache]") {
  Config config = configured();
  config.stacks[1].scopes[0].environment.clear();
  ScopeTable table(config, test_secret());
  CHECK(proven(table, fields_of("blt1", "cs1", "", "live"))->is_listed);
  CHECK(proven(table, fields_of("blt1", "cs3"))->is_listed);
  CHECK_FALSE(proven(table, fields_of("blt1", "cs3", "", "of a visitor"))->is_listed);
  CHECK_FALSE(proven(table, fields_of("blt2", "cs5", "of a visitor"))->is_listed);
  const Config open = open_config();
  ScopeTable any(open, test_secret());
  CHECK_FALSE(proven(any, fields_of("blt1", "cs1", "production"))->is_listed);
}

TEST_CASE("scope: preview hosts", "[cache]") {
  const Config config = configured();
  ScopeTable table(config, test_secret());
  const auto host = [&](std::string_view api_key, std::string_view preview_token) -> std::string {
    RequestFields fields;
    fields.api_key = api_key;
    fields.preview_token = preview_token;
    auto result = table.preview_host(fields);
    if (const Refusal* refusal = std::get_if<Refusal>(&result)) {
      return std::to_string(refusal->status) + "/" + std::to_string(refusal->error_code);
    }
    return std::get<std::string>(result);
  };
  CHECK(host("blt1", "csp1") == "https://eu-preview.test");
  CHECK(host("blt1", "") == "https://eu-preview.test");
  CHECK(host("blt1", "csp2") == "401/105");
  CHECK(host("blt1", "cs1") == "401/105");
  CHECK(host("blt2", "anything") == "https://preview.test");  // lists none
  CHECK(host("blt3", "csp1") == "412/109");
  CHECK(host("", "csp1") == "412/109");

  Config any = configured();
  any.stacks[0].scopes.back().any_preview_token = true;
  ScopeTable any_table(any, test_secret());
  RequestFields unlisted;
  unlisted.api_key = "blt1";
  unlisted.preview_token = "csp2";
  CHECK(std::get<std::string>(any_table.preview_host(unlisted)) == "https://eu-preview.test");

  const Config open = open_config();
  ScopeTable open_table(open, test_secret());
  RequestFields fields;
  fields.api_key = "blt9";
  CHECK(std::get<std::string>(open_table.preview_host(fields)) == "https://preview.test");
}

TEST_CASE("scope: who asks is the same whatever environment and branch are named", "[cache]") {
  const Config config = open_config();
  ScopeTable table(config, test_secret());
  const auto one = proven(table, fields_of("blt1", "cs1"));
  RequestFields elsewhere = fields_of("blt1", "cs1");
  elsewhere.branch = "invented";
  elsewhere.environment = "invented";
  CHECK(proven(table, elsewhere)->bearer == one->bearer);
  CHECK(proven(table, elsewhere)->mac != one->mac);
  CHECK(proven(table, fields_of("blt1", "cs2"))->bearer != one->bearer);
  CHECK(proven(table, fields_of("blt2", "cs1"))->bearer != one->bearer);
}
