// SPDX-License-Identifier: Apache-2.0
#include "daemon/restore_command.h"

#include <catch2/catch_test_macros.hpp>

#include "cache/tags/place.h"
#include "conf/config_file.h"

namespace larder::test {
namespace {

Config config(bool sync, bool bus) {
  Config config = default_config();
  config.cache.path = "/var/cache/larder";
  StackConfig stack;
  stack.api_key = "blt1";
  ScopeConfig scope;
  scope.environment = "production";
  scope.branches = {"main", "next"};
  scope.delivery_tokens = {Secret{"token"}};
  scope.sync = sync;
  stack.scopes = {scope};
  config.stacks = {stack};
  if (bus) config.bus.address = "redis:6379";
  return config;
}

TEST_CASE("restore: what sync follows is trusted, with the bus all, with neither nothing") {
  const RestoreWish wish{.file = "/tmp/one", .config_file = "", .replaces = true};
  const RestoreOrder alone = restore_order(wish, config(false, false), {17});
  CHECK(alone.file == "/tmp/one");
  CHECK(alone.directory == "/var/cache/larder");
  CHECK(alone.replaces);
  CHECK(alone.now == WallTime{17});
  CHECK(alone.trusted.empty());
  CHECK(!alone.trusts_others);

  const RestoreOrder followed = restore_order(wish, config(true, false), {17});
  CHECK(followed.trusted == std::vector<std::uint64_t>{place_of("blt1", "production", "main"),
                                                       place_of("blt1", "production", "next")});
  CHECK(!followed.trusts_others);
  CHECK(restore_order(wish, config(false, true), {17}).trusts_others);
}

TEST_CASE("restore: with --revalidate nothing is trusted, whatever is configured") {
  const RestoreWish wish{.file = "/tmp/one", .config_file = "", .revalidates = true};
  const RestoreOrder order = restore_order(wish, config(true, true), {17});
  CHECK(order.trusted.empty());
  CHECK(!order.trusts_others);
  CHECK(!order.replaces);
}

TEST_CASE("restore: what a node owes to the others stays with that node") {
  const RestoreOrder order = restore_order({}, config(false, true), {17});
  CHECK(order.dropped_feeds == std::vector<std::string>{"bus-debt "});
}

}  // namespace
}  // namespace larder::test
