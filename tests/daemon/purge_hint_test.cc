// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/purge_hint.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

TEST_CASE("purge hint: the part of the order that no scope has is named with the nearest name",
          "[daemon]") {
  larder::Config config;
  config.stacks.resize(2);
  config.stacks[0].api_key = "blt00000000000001";
  const auto scope = [](const char* environment, std::vector<std::string> branches) {
    larder::ScopeConfig one;
    one.environment = environment;
    one.branches = std::move(branches);
    return one;
  };
  config.stacks[0].scopes = {scope("production", {"main", "develop"}), scope("staging", {})};
  config.stacks[1].api_key = "blt77777777777777";
  config.stacks[1].scopes = {scope("preview", {})};
  struct Case {
    larder::KnownScope order;
    const char* hint;
  };
  const auto c = GENERATE(values<Case>({
      {{"blt00000000000001", "production", "main"}, "nothing of it is stored"},
      {{"", "", ""}, "nothing of it is stored"},
      {{"", "staging", "any"}, "nothing of it is stored"},
      {{"blt00000000000002", "", ""},
       "no scope here has the api_key \"blt00000000000002\"; the nearest is \"blt00000000000001\""},
      {{"", "prodution", ""},
       "no scope here has the environment \"prodution\"; the nearest is \"production\""},
      {{"blt77777777777777", "production", ""}, "no scope here has the environment \"production\""},
      {{"", "production", "develp"},
       "no scope here has the branch \"develp\"; the nearest is \"develop\""},
      {{"", "qqqqqqqqqqqqqqq", ""}, "no scope here has the environment \"qqqqqqqqqqqqqqq\""},
  }));
  CAPTURE(c.order.api_key, c.order.environment, c.order.branch);
  const larder::PurgeOrder order{.what = larder::PurgeOrder::What::scope,
                                 .path = "",
                                 .query = "",
                                 .api_key = c.order.api_key,
                                 .environment = c.order.environment,
                                 .branch = c.order.branch};
  CHECK(larder::purge_hint(order, larder::configured_scopes(config)) == c.hint);
}

TEST_CASE("purge hint: where nothing is known every name is unknown", "[daemon]") {
  CHECK(larder::purge_hint({.what = larder::PurgeOrder::What::scope,
                            .path = "",
                            .query = "",
                            .api_key = "blt1",
                            .environment = "",
                            .branch = ""},
                           {}) == "no scope here has the api_key \"blt1\"");
}
