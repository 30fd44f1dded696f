// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/raw_knowledge.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "cache/tags/place.h"

using namespace larder;

namespace {

const std::uint64_t kMain = branch_place("blt1", "main");
const std::uint64_t kLive = branch_place("blt1", "live");
const EntryVersion kBlog{1, 1};
const EntryVersion kPage{2, 2};

using Anew = std::vector<std::string>;
using What = ContentChange::What;

RawKnowledge knowledge() {
  RawKnowledge raw(10, {0});
  CHECK(raw.know(kMain, {{kBlog, content_tag("blog"), {}}, {kPage, content_tag("page"), {}}}, {0}));
  return raw;
}

PurgeOrder change(std::vector<ContentChange> changes) {
  PurgeOrder order;
  order.what = PurgeOrder::What::change;
  order.changes = std::move(changes);
  return order;
}

PurgeOrder scope_purge(PurgeSource source) {
  PurgeOrder order;
  order.what = PurgeOrder::What::scope;
  order.source = source;
  return order;
}

}  // namespace

TEST_CASE("raw knowledge: what a purge has it forget") {
  const auto [title, order, anew, keeps_blog, keeps_page] =
      GENERATE(table<std::string, PurgeOrder, Anew, bool, bool>({
          {"an entry", change({{What::entry, "blog", "e"}}), {}, true, true},
          {"a content type", change({{What::content_type, "", "blog"}}), {"blog"}, false, true},
          {"two",
           change({{What::content_type, "", "blog"}, {What::content_type, "", "page"}}),
           {"blog", "page"},
           false,
           false},
          {"a global field", change({{What::global_field, "", "seo"}}), {""}, false, false},
          {"both",
           change({{What::global_field, "", "seo"}, {What::content_type, "", "blog"}}),
           {""},
           false,
           false},
          {"an unclear event", scope_purge(PurgeSource::webhook), {""}, false, false},
          {"a lost position", scope_purge(PurgeSource::sync), {""}, false, false},
          {"the operator", scope_purge(PurgeSource::operator_), {}, true, true},
      }));
  CAPTURE(title);
  RawKnowledge raw = knowledge();
  CHECK(raw.note_purge(order, {5}) == anew);
  CHECK((raw.entries().references_of(kMain, kBlog) != nullptr) == keeps_blog);
  CHECK((raw.entries().references_of(kMain, kPage) != nullptr) == keeps_page);
}

TEST_CASE("raw knowledge: what is only counted has nothing forgotten") {
  RawKnowledge raw = knowledge();
  PurgeOrder order = change({{What::content_type, "", "blog"}});
  order.dry_run = true;
  CHECK(raw.note_purge(order, {5}).empty());
  CHECK(raw.entries().references_of(kMain, kBlog) != nullptr);
}

TEST_CASE("raw knowledge: a schema is of a branch and its aliases") {
  RawKnowledge raw = knowledge();
  CHECK(raw.know(kLive, {{kBlog, content_tag("blog"), {}}}, {0}));
  PurgeOrder order = scope_purge(PurgeSource::webhook);
  order.api_key = "blt1";
  order.branch = "live";
  raw.note_purge(order, {5});
  CHECK(raw.entries().references_of(kMain, kBlog) != nullptr);
  CHECK(raw.entries().references_of(kLive, kBlog) == nullptr);
  order.aliases = {"main"};
  raw.note_purge(order, {5});
  CHECK(raw.entries().references_of(kMain, kBlog) == nullptr);
}

TEST_CASE("raw knowledge: of an alias that has moved it knows what it knows of the branch") {
  RawKnowledge raw = knowledge();
  const EntryVersion other{3, 3};
  CHECK(raw.know(kLive, {{other, content_tag("blog"), {}}}, {0}));
  PurgeOrder order = scope_purge(PurgeSource::webhook);
  order.api_key = "blt1";
  order.branch = "live";
  order.aliases = {"main"};
  order.moved_to = "main";
  order.changed = {1};
  CHECK(raw.note_purge(order, {5}) == Anew{""});
  for (const std::uint64_t branch : {kMain, kLive}) {
    CAPTURE(branch);
    CHECK(raw.entries().references_of(branch, kBlog) != nullptr);
    CHECK(raw.entries().references_of(branch, kPage) != nullptr);
    CHECK(raw.entries().references_of(branch, other) == nullptr);
  }
  CHECK(raw.know(kLive, {{other, content_tag("blog"), {}}}, {4}));
  CHECK(raw.entries().references_of(kLive, other) == nullptr);
}

TEST_CASE("raw knowledge: an event of a branch teaches of an alias that has just moved there") {
  const auto [title, branches, learns_main,
              learns_live] = GENERATE(table<std::string, std::vector<std::uint64_t>, bool, bool>({
      {"of the branch, with the alias", {kMain, kLive}, true, true},
      {"of another branch, from before", {branch_place("blt1", "develop"), kLive}, false, false},
      {"of the alias alone", {kLive}, false, false},
  }));
  CAPTURE(title);
  RawKnowledge raw(10, {0});
  PurgeOrder order = scope_purge(PurgeSource::webhook);
  order.api_key = "blt1";
  order.branch = "live";
  order.aliases = {"main"};
  order.moved_to = "main";
  order.changed = {1};
  raw.note_purge(order, {100'000});
  const RawNote note{branches, {kBlog, content_tag("blog"), {}}, {1}};
  raw.know(note, {1}, {100'001});
  CHECK((raw.entries().references_of(kMain, kBlog) != nullptr) == learns_main);
  CHECK((raw.entries().references_of(kLive, kBlog) != nullptr) == learns_live);
  // A schema of the alias that changes is the branch's.
  PurgeOrder schema = change({{What::content_type, "", "blog"}});
  schema.api_key = "blt1";
  schema.branch = "main";
  schema.aliases = {"live"};
  raw.note_purge(schema, {100'002});
  raw.know(note, {1}, {100'003});
  CHECK(raw.entries().references_of(kLive, kBlog) == nullptr);
}

TEST_CASE("raw knowledge: what was asked for before a change of schema is not learnt") {
  RawKnowledge raw = knowledge();
  raw.note_purge(change({{What::content_type, "", "blog"}}), {5});
  CHECK(raw.know(kMain, {{kBlog, content_tag("blog"), {}}}, {4}));
  CHECK(raw.entries().references_of(kMain, kBlog) == nullptr);
  CHECK(raw.know(kMain, {{kBlog, content_tag("blog"), {}}}, {5}));
  CHECK(raw.entries().references_of(kMain, kBlog) != nullptr);
}

TEST_CASE("raw knowledge: what one branch has forgotten keeps no other from learning") {
  RawKnowledge raw(10, {0});
  PurgeOrder order = scope_purge(PurgeSource::sync);
  order.api_key = "blt1";
  order.branch = "live";
  raw.note_purge(order, {5});
  raw.know(kMain, {{kBlog, content_tag("blog"), {}}}, {4});
  raw.know(kLive, {{kBlog, content_tag("blog"), {}}}, {4});
  CHECK(raw.entries().references_of(kMain, kBlog) != nullptr);
  CHECK(raw.entries().references_of(kLive, kBlog) == nullptr);
}

TEST_CASE("raw knowledge: an event of before a change of schema teaches nothing") {
  const auto [told_ms, learns] = GENERATE(table<std::int64_t, bool>({
      {100'000 - 20'000, false},
      {100'000, false},  // by a clock that is ahead it may be from before
      {100'000 + RawKnowledge::kSkewMs, true},
  }));
  CAPTURE(told_ms);
  RawKnowledge raw(10, {0});
  raw.note_purge(change({{What::content_type, "", "blog"}}),
                 {1'000'000});  // at 100'000 by the wall
  const RawNote note{{kMain}, {kBlog, content_tag("blog"), {}}, {told_ms}};
  raw.know(note, {200'000}, {1'100'000});
  CHECK((raw.entries().references_of(kMain, kBlog) != nullptr) == learns);
}

TEST_CASE("raw knowledge: which of two events was first, their own times tell") {
  const auto [title, source, changed_ms, told_ms, learns] =
      GENERATE(table<std::string, PurgeSource, std::int64_t, std::int64_t, bool>({
          {"after the change", PurgeSource::webhook, 500'000, 502'001, true},
          {"about when it was", PurgeSource::webhook, 500'000, 502'000, false},
          {"before it, and it came later", PurgeSource::webhook, 500'000, 400'000, false},
          {"nobody says when it was", PurgeSource::webhook, 0, 502'001, false},
          {"the time of an answer, not of an event", PurgeSource::sync, 500'000, 502'001, false},
      }));
  CAPTURE(title);
  RawKnowledge raw(10, {0});
  PurgeOrder order = change({{What::content_type, "", "blog"}});
  order.source = source;
  order.changed = {changed_ms};
  const bool in_branch = GENERATE(false, true);
  if (in_branch) {
    order.api_key = "blt1";
    order.branch = "main";
  }
  raw.note_purge(order, {1'000'000});
  // The CMS's clock is half a minute ahead.
  raw.know({{kMain}, {kBlog, content_tag("blog"), {}}, {told_ms}}, {471'000}, {1'001'000});
  CHECK((raw.entries().references_of(kMain, kBlog) != nullptr) == learns);
}

TEST_CASE("raw knowledge: says when there is no room for more") {
  RawKnowledge raw(1, {0});
  CHECK_FALSE(raw.know(kMain, {{kBlog, content_tag("blog"), {}}}, {0}));
}

TEST_CASE("raw knowledge: after a start nothing is learnt of an event from before it") {
  // What was forgotten before the start is not known any more: a schema may have changed between
  // the event, which comes late, and the start.
  RawKnowledge raw(10, {1'000'000'000});
  const WallTime wall{1'700'000'000'000};
  const MonotonicTime start{1'000'000'000};
  raw.know(RawNote{{kMain}, {kBlog, content_tag("blog"), {}}, {wall.ms - 600'000}}, wall, start);
  CHECK(raw.entries().references_of(kMain, kBlog) == nullptr);
}

TEST_CASE("raw knowledge: an alias does not go back to a branch by an event that comes late") {
  const auto moved = [](const char* branch, WallTime when) {
    PurgeOrder order = scope_purge(PurgeSource::webhook);
    order.api_key = "blt1";
    order.branch = "live";
    order.aliases = {branch};
    order.moved_to = branch;
    order.changed = when;
    return order;
  };
  RawKnowledge raw = knowledge();  // of main
  raw.note_purge(moved("dev", {1'700'000'600'000}), {1'000});
  raw.note_purge(moved("main", {1'700'000'000'000}), {2'000});  // it was there before
  CHECK(raw.entries().references_of(kLive, kBlog) == nullptr);
}
