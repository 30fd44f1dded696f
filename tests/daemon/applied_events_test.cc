// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/applied_events.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <functional>
#include <string>

#include "cache/tags/event_time.h"
#include "daemon/events/sync_page.h"
#include "daemon/events/webhook_event.h"

using namespace larder;

namespace {

using Action = ContentChange::Action;
using What = ContentChange::What;

constexpr WallTime kPublished{1'000'000};

ContentChange publishing() {
  return {What::entry, "blog", "e1", Action::published, "en-us", kPublished, "3"};
}

/// As a follower makes it: of one branch.
PurgeOrder sync_order() {
  PurgeOrder order;
  order.what = PurgeOrder::What::change;
  order.source = PurgeSource::sync;
  order.api_key = "blt1";
  order.environment = "production";
  order.branch = "main";
  order.changed = {kPublished.ms + 5};
  order.changes = {publishing()};
  return order;
}

/// As a webhook makes it: with the aliases of the branch.
PurgeOrder webhook_order() {
  PurgeOrder order = sync_order();
  order.source = PurgeSource::webhook;
  order.aliases = {"live"};
  return order;
}

struct Case {
  std::string name;
  std::function<void(PurgeOrder&)> alter;
};

}  // namespace

TEST_CASE("applied events: the same publishing counts once, by whichever way it comes first") {
  AppliedEvents applied;
  applied.remember(AppliedEvents::marks_of(webhook_order()));
  CHECK(applied.size() == 2);
  PurgeOrder later = sync_order();
  CHECK(applied.take_out(later) == 1);
  CHECK(later.changes.empty());
  later = sync_order();
  later.branch = "live";
  CHECK(applied.take_out(later) == 1);

  AppliedEvents followed;
  followed.remember(AppliedEvents::marks_of(sync_order()));
  later = webhook_order();
  CHECK(followed.take_out(later) == 0);  // nobody has purged the alias
  later.aliases.clear();
  CHECK(followed.take_out(later) == 1);
}

TEST_CASE("applied events: what is not proven to be the same is purged again") {
  const auto c = GENERATE(values<Case>({
      {"a later publishing", [](PurgeOrder& o) { o.changes[0].published.ms += 1; }},
      {"an earlier publishing", [](PurgeOrder& o) { o.changes[0].published.ms -= 1; }},
      {"another version", [](PurgeOrder& o) { o.changes[0].version = "4"; }},
      {"a version that is not said", [](PurgeOrder& o) { o.changes[0].version = ""; }},
      {"a time that is not said", [](PurgeOrder& o) { o.changes[0].published = {}; }},
      {"another locale", [](PurgeOrder& o) { o.changes[0].locale = "fr-fr"; }},
      {"a locale that is not said", [](PurgeOrder& o) { o.changes[0].locale = ""; }},
      {"another entry", [](PurgeOrder& o) { o.changes[0].uid = "e2"; }},
      {"another content type", [](PurgeOrder& o) { o.changes[0].content_type = "page"; }},
      {"an asset", [](PurgeOrder& o) { o.changes[0].what = What::asset; }},
      {"one that is gone", [](PurgeOrder& o) { o.changes[0].action = Action::gone; }},
      {"one of which nobody says what happened",
       [](PurgeOrder& o) { o.changes[0].action = Action::unknown; }},
      {"another stack", [](PurgeOrder& o) { o.api_key = "blt2"; }},
      {"another environment", [](PurgeOrder& o) { o.environment = "staging"; }},
      {"any environment", [](PurgeOrder& o) { o.environment = ""; }},
      {"another branch", [](PurgeOrder& o) { o.branch = "develop"; }},
      {"any branch", [](PurgeOrder& o) { o.branch = ""; }},
      {"an alias besides", [](PurgeOrder& o) { o.aliases.push_back("now"); }},
      {"a hard purge", [](PurgeOrder& o) { o.hard = true; }},
      {"a count", [](PurgeOrder& o) { o.dry_run = true; }},
      {"the whole scope", [](PurgeOrder& o) { o.what = PurgeOrder::What::scope; }},
      {"what caches on the way need not know", [](PurgeOrder& o) { o.changed.ms -= 6; }},
  }));
  CAPTURE(c.name);
  PurgeOrder other = webhook_order();
  c.alter(other);
  AppliedEvents applied;
  applied.remember(AppliedEvents::marks_of(webhook_order()));
  PurgeOrder later = other;
  CHECK(applied.take_out(later) == 0);
  CHECK(later.changes.size() == 1);
  // Nor the other way about, but for what names fewer places.
  AppliedEvents others;
  others.remember(AppliedEvents::marks_of(other));
  later = webhook_order();
  CHECK(others.take_out(later) == (c.name == "an alias besides" ? 1 : 0));
}

TEST_CASE("applied events: of a page only what is known is left out") {
  AppliedEvents applied;
  applied.remember(AppliedEvents::marks_of(webhook_order()));
  PurgeOrder page = sync_order();
  page.changes.insert(page.changes.begin(), {What::entry, "blog", "e1", Action::gone, "en-us"});
  page.changes.push_back({What::asset, "", "x1", Action::published, "en-us", kPublished, "1"});
  CHECK(applied.take_out(page) == 1);
  REQUIRE(page.changes.size() == 2);
  CHECK(page.changes[0].action == Action::gone);
  CHECK(page.changes[1].uid == "x1");
}

TEST_CASE("applied events: the oldest are forgotten") {
  AppliedEvents applied(3);
  PurgeOrder order = sync_order();
  for (int i = 0; i < 5; ++i) {
    order.changes[0].uid = "e" + std::to_string(i);
    applied.remember(AppliedEvents::marks_of(order));
    applied.remember(AppliedEvents::marks_of(order));
  }
  CHECK(applied.size() == 3);
  order.changes[0].uid = "e1";
  CHECK(applied.take_out(order) == 0);
  order.changes[0].uid = "e2";
  PurgeOrder same = order;
  CHECK(applied.take_out(same) == 1);
}

TEST_CASE("applied events: webhook and sync say the same of one publishing") {
  const std::string details =
      R"("publish_details":{"environment":"blte","locale":"en-us","time":"2020-04-03T11:20:28.100Z"})";
  const auto [form, known] = GENERATE_COPY(table<std::string, bool>(
      {{details, true},
       {R"("publish_details":[{"environment":"other","locale":"en-us","time":"2020-04-03T11:20:28.100Z"},
           {"environment":"blte","locale":"en-us","time":"2020-04-03T11:20:28.100Z"}])",
        true},
       {R"("publish_details":[{"environment":"blte","locale":"en-us","time":"2020-04-03T11:20:28.100Z"},
           {"environment":"blte","locale":"en-us","time":"2020-04-03T11:20:28.099Z"}])",
        false},
       {R"("publish_details":{"environment":"other","locale":"en-us","time":"2020-04-03T11:20:28.100Z"})",
        false},
       {R"("publish_details":[],"x":{"environment":"blte","locale":"en-us","time":"2020-04-03T11:20:28.100Z"})",
        false},
       {R"("publish_details":{"environment":"blte","locale":"en-us","time":["2020-04-03T11:20:28.100Z"]})",
        false}}));
  CAPTURE(form);
  const auto event = read_webhook_event(
      R"({"module":"entry","api_key":"blt1","event":"publish","triggered_at":"2020-04-03T11:20:28.312Z",
          "data":{"entry":{"uid":"e1","_version":7,"locale":"en-us",)" +
          form +
          R"(},"content_type":{"uid":"blog"},"environment":{"name":"production","uid":"blte"},
          "locale":"en-us","branch":{"uid":"main","alias":[]}}})",
      {1'700'000'000'000});
  REQUIRE((event && event->order));
  SyncReading reading;
  reading.feed(R"({"items":[{"type":"entry_published","event_at":"2020-04-03T11:20:28.150Z",
      "content_type_uid":"blog","data":{"uid":"e1","locale":"en-us","_version":7,)" +
               details + R"(}}],"sync_token":"s"})");
  auto page = reading.finish();
  REQUIRE((page && page->events.size() == 1));
  PurgeOrder order = sync_order();
  order.changes = {page->events[0].change};
  order.changed = page->events[0].at;
  AppliedEvents applied;
  applied.remember(AppliedEvents::marks_of(*event->order));
  CHECK(applied.take_out(order) == (known ? 1 : 0));
}
