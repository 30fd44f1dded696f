// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/published_times.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "cache/tags/place.h"

using namespace larder;

namespace {

using What = ContentChange::What;
using Action = ContentChange::Action;

const std::uint64_t kMain = place_of("blt1", "production", "main");
const std::uint64_t kLive = place_of("blt1", "production", "live");

PurgeOrder order_of(ContentChange change) {
  PurgeOrder order;
  order.what = PurgeOrder::What::change;
  order.api_key = "blt1";
  order.environment = "production";
  order.branch = "main";
  order.aliases = {"live"};
  order.changes = {std::move(change)};
  return order;
}

ContentChange published(const std::string& uid, std::int64_t time_ms) {
  return {What::entry, "blog", uid, Action::published, "en-us", {time_ms}};
}

Publishing shown(Tag what, std::int64_t time_ms, const char* locale = "en-us") {
  return {what, locale_hash(locale), {time_ms}};
}

std::vector<Tag> older_in(const PublishedTimes& times, std::uint64_t place, Publishing one,
                          std::int64_t now_ms = 0) {
  const std::vector<Publishing> all{one};
  return times.find_older(place, all, {now_ms});
}

}  // namespace

TEST_CASE("published times: what was published before the event is older, and nothing else") {
  PublishedTimes times(100);
  times.note(order_of(published("a", 10'000)), {0});
  struct Case {
    std::string name;
    std::uint64_t place;
    Publishing one;
    bool older;
  };
  const auto c = GENERATE(values<Case>({
      {"the one before", kMain, shown(entry_tag("a"), 5'000), true},
      {"in the alias", kLive, shown(entry_tag("a"), 5'000), true},
      {"the one that was told", kMain, shown(entry_tag("a"), 10'000), false},
      {"the same, rounded to seconds", kMain, shown(entry_tag("a"), 9'001), false},
      {"a later one", kMain, shown(entry_tag("a"), 20'000), false},
      {"another entry", kMain, shown(entry_tag("b"), 5'000), false},
      {"an asset of this name", kMain, shown(asset_tag("a"), 5'000), false},
      {"another locale", kMain, shown(entry_tag("a"), 5'000, "fr-fr"), false},
      {"another branch", place_of("blt1", "production", "develop"), shown(entry_tag("a"), 5'000),
       false},
      {"another environment", place_of("blt1", "staging", "main"), shown(entry_tag("a"), 5'000),
       false},
  }));
  CAPTURE(c.name);
  CHECK(older_in(times, c.place, c.one) ==
        (c.older ? std::vector{c.one.what} : std::vector<Tag>{}));
}

TEST_CASE("published times: an event that does not say when or where tells nothing") {
  PublishedTimes times(100);
  PurgeOrder dry = order_of(published("a", 10'000));
  dry.dry_run = true;
  PurgeOrder anywhere = order_of(published("a", 10'000));
  anywhere.branch.clear();
  PurgeOrder everywhere = order_of(published("a", 10'000));
  everywhere.environment.clear();
  ContentChange gone = published("a", 10'000);
  gone.action = Action::gone;
  ContentChange of_no_locale = published("a", 10'000);
  of_no_locale.locale.clear();
  for (const PurgeOrder& order : {dry, anywhere, everywhere, order_of(published("a", 0)),
                                  order_of(gone), order_of(of_no_locale)}) {
    times.note(order, {0});
  }
  CHECK(times.size() == 0);
}

TEST_CASE("published times: an overtaken event takes nothing back") {
  PublishedTimes times(100);
  times.note(order_of(published("a", 10'000)), {0});
  times.note(order_of(published("a", 5'000)), {1'000});
  CHECK_FALSE(older_in(times, kMain, shown(entry_tag("a"), 5'000)).empty());
  times.note(order_of(published("a", 20'000)), {2'000});
  CHECK_FALSE(older_in(times, kMain, shown(entry_tag("a"), 10'000)).empty());
}

TEST_CASE("published times: an event counts for a while") {
  PublishedTimes times(100);
  times.note(order_of(published("a", 10'000)), {1'000});
  const Publishing before = shown(entry_tag("a"), 5'000);
  CHECK_FALSE(older_in(times, kMain, before, 1'000 + PublishedTimes::kLifetimeMs).empty());
  CHECK(older_in(times, kMain, before, 1'001 + PublishedTimes::kLifetimeMs).empty());
}

TEST_CASE("published times: an alias that moves is forgotten, and no other purge takes any") {
  PurgeOrder moved;
  moved.what = PurgeOrder::What::scope;
  moved.api_key = "blt1";
  moved.branch = "live";
  moved.moved_to = "main";
  moved.aliases = {"main"};
  PurgeOrder of_another_stack = moved;
  of_another_stack.api_key = "blt2";
  PurgeOrder of_live = moved;
  of_live.moved_to.clear();
  of_live.environment = "production";
  PurgeOrder of_branches = of_live;
  of_branches.environment.clear();
  of_branches.branch.clear();
  PurgeOrder everything;
  PurgeOrder of_path;
  of_path.what = PurgeOrder::What::path;
  PurgeOrder counted = moved;
  counted.dry_run = true;
  struct Case {
    std::string name;
    PurgeOrder order;
    bool keeps_live;
  };
  const auto c = GENERATE_COPY(values<Case>({{"an alias that moves", moved, false},
                                             {"one of another stack", of_another_stack, true},
                                             {"a scope", of_live, true},
                                             {"all scopes of a stack", of_branches, true},
                                             {"everything", everything, true},
                                             {"a path", of_path, true},
                                             {"a count", counted, true}}));
  CAPTURE(c.name);
  PublishedTimes times(2);
  times.note(order_of(published("a", 10'000)), {0});
  times.note(c.order, {0});
  CHECK_FALSE(older_in(times, kMain, shown(entry_tag("a"), 5'000)).empty());
  CHECK(older_in(times, kLive, shown(entry_tag("a"), 5'000)).empty() == !c.keeps_live);
  times.note(order_of(published("b", 10'000)), {0});
  CHECK(times.size() == 2);
}

TEST_CASE("published times: of too many the oldest leave") {
  PublishedTimes times(4);  // two places each
  for (const char* uid : {"a", "b", "c"}) times.note(order_of(published(uid, 10'000)), {0});
  CHECK(times.size() == 4);
  CHECK(older_in(times, kMain, shown(entry_tag("a"), 5'000)).empty());
  CHECK_FALSE(older_in(times, kMain, shown(entry_tag("c"), 5'000)).empty());
}
