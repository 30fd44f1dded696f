// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/follower.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "daemon/fetch/followers.h"
#include "tests/upstream/fake_transfers.h"

using namespace larder;

namespace {

struct Owner final : FollowerOwner {
  WallTime wall() const override { return {1'700'000'000'000}; }
  void purge(std::uint64_t number, PurgeOrder order) override {
    CHECK(number == 7);
    purges.push_back(std::move(order));
  }
  Seconds held_for_s(const std::string&) override { return held_s; }
  void know(const FeedName& feed, std::vector<RawEntry> entries, MonotonicTime) override {
    CHECK(feed.api_key == "blt1");
    known += entries.size();
  }
  void on_caught_up(const FeedName&) override { ++caught_up; }
  void on_due_changed() override {}

  std::vector<PurgeOrder> purges;
  Seconds held_s = 0;
  std::size_t known = 0;
  int caught_up = 0;
};

/// A follower, and the origin that it asks.
struct Following {
  explicit Following(const std::optional<std::string>& position = "2 0 0 - poll blt/1")
      : follower(transfers, owner, 7,
                 {{"blt1", "production", "main"},
                  "https://cdn.example",
                  Secret("cs-token"),
                  1'000,
                  "CDN-Loop: larder-x"},
                 position, 1, MonotonicTime{}) {}

  /// Asks what is next, whenever that is due: the number of the transfer.
  std::size_t ask() {
    REQUIRE(follower.due());
    follower.step(*follower.due());
    return transfers.count() - 1;
  }

  test::FakeTransfers transfers;
  Owner owner;
  Follower follower;
};

const std::string kItem =
    R"({"type":"entry_published","event_at":"2020-12-05T10:00:00.000Z","content_type_uid":"blog",
       "data":{"uid":"e1","publish_details":{"locale":"en-gb"}}})";

bool has(const std::vector<std::string>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

}  // namespace

TEST_CASE("follower: asks in the name of its scope, and each time another URL") {
  Following f;
  const auto first = f.ask();
  const OriginRequest& request = f.transfers.at(first).request;
  const std::string url =
      "https://cdn.example/v3/stacks/sync?environment=production&sync_token=blt%2F1&larder_poll=";
  CHECK(request.url.starts_with(url));
  CHECK(request.url.find("cs-token") == std::string::npos);
  for (const char* line : {"api_key: blt1", "access_token: cs-token", "branch: main",
                           "CDN-Loop: larder-x", "Accept-Encoding: identity"}) {
    CAPTURE(line);
    CHECK(has(request.headers, line));
  }
  f.transfers.fail(first);
  const auto second = f.ask();
  CHECK(f.transfers.at(second).request.url.starts_with(url));
  CHECK(f.transfers.at(second).request.url != request.url);
}

TEST_CASE("follower: what comes in pieces becomes one purge with the position") {
  Following f;
  const auto poll = f.ask();
  f.transfers.head(poll, 200, {"Content-Type: application/json"}, "{\"items\":[");
  f.transfers.body(poll, kItem.substr(0, 40));
  f.transfers.end(poll, kItem.substr(40) + "],\"sync_token\":\"blt2\"}");
  REQUIRE(f.owner.purges.size() == 1);
  const PurgeOrder& order = f.owner.purges[0];
  CHECK(order.what == PurgeOrder::What::change);
  CHECK(order.api_key == "blt1");
  CHECK(order.environment == "production");
  CHECK(order.branch == "main");
  REQUIRE(order.changes.size() == 1);
  CHECK(order.changes[0].uid == "e1");
  CHECK(order.happened.ms == 1'607'162'400'000);
  CHECK_FALSE(order.hard);
  REQUIRE(order.position);
  CHECK(order.position->feed == "sync blt1/production/main");
  CHECK(order.position->value == "2 0 0 blog:1607162400000 poll blt2");
  CHECK_FALSE(f.follower.due());
  PurgeResult purged;
  purged.objects = 3;
  f.follower.on_purged(purged, MonotonicTime{});
  CHECK(f.follower.due());
  const FeedSnapshot shown = f.follower.snapshot();
  CHECK(shown.purges == 1);
  CHECK(shown.lag_ms == 1'700'000'000'000 - 1'607'162'400'000);
}

TEST_CASE("follower: an answer that broke off, or has no proven end, purges nothing") {
  Following f;
  const auto poll = f.ask();
  const std::string body = "{\"items\":[" + kItem + "],\"sync_token\":\"blt2\"}";
  f.transfers.head(poll, 200, {"Content-Type: application/json"}, body);
  SECTION("broken") {
    f.transfers.fail(poll);
  }
  SECTION("no proven end") {
    f.transfers.end(poll, "", false);
  }
  CHECK(f.owner.purges.empty());
  CHECK_FALSE(f.follower.snapshot().trouble.empty());
  CHECK(f.transfers.at(f.ask()).request.url.find("blt%2F1") != std::string::npos);
}

TEST_CASE("follower: is caught up once, when sync and schemas have told all") {
  Following f;
  f.transfers.answer(f.ask(), 200, {}, R"({"items":[],"sync_token":"blt2"})");
  CHECK(f.owner.caught_up == 0);
  const auto activity = f.ask();
  CHECK(f.transfers.at(activity).request.url.find(
            "/v3/content_types?environment=production&only_last_activity=true&") !=
        std::string::npos);
  f.transfers.answer(activity, 200, {}, R"({"content_types":[]})");
  CHECK(f.owner.caught_up == 1);
  f.transfers.answer(f.ask(), 200, {}, R"({"items":[],"sync_token":"blt2"})");
  CHECK(f.owner.caught_up == 1);
}

TEST_CASE("follower: does not ask while the host wants to be left alone, or there is no place") {
  Following f;
  if (GENERATE(true, false)) {
    f.owner.held_s = 30;
  } else {
    f.transfers.full = true;
  }
  f.follower.step(*f.follower.due());
  CHECK(f.transfers.count() == 0);
  CHECK(f.follower.snapshot().polls[3].count == 1);  // limited
  CHECK(f.follower.due());
}

TEST_CASE("follower: its end ends its transfer") {
  test::FakeTransfers transfers;
  Owner owner;
  auto follower = std::make_unique<Follower>(transfers, owner, 7, FeedConfig{}, std::nullopt, 1,
                                             MonotonicTime{});
  follower->step(MonotonicTime{});
  follower.reset();
  CHECK(transfers.at(0).abandoned);
}

TEST_CASE("follower: each branch of each scope with sync is a feed") {
  Config config;
  StackConfig stack;
  stack.api_key = "blt1";
  stack.hosts.delivery = "https://cdn.example";
  ScopeConfig followed;
  followed.environment = "production";
  followed.branches = {"main", "live"};
  followed.delivery_tokens = {Secret("first"), Secret("second")};
  followed.sync = true;
  ScopeConfig other = followed;
  other.environment = "staging";
  other.sync = false;
  stack.scopes = {followed, followed, other};
  config.stacks = {stack};
  const auto feeds = feeds_of(config);
  REQUIRE(feeds.size() == 2);
  CHECK(feeds[0].name == FeedName{"blt1", "production", "main"});
  CHECK(feeds[1].name == FeedName{"blt1", "production", "live"});
  CHECK(feeds[1].token.reveal() == "first");
  CHECK(feeds_of(Config{}).empty());
}
