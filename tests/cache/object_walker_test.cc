// SPDX-License-Identifier: Apache-2.0
#include "cache/store/object_walker.h"

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <set>
#include <string>

#include "cache/store/url_listing.h"
#include "cache/tags/tag_set.h"
#include "tests/cache/store_fixture.h"

using namespace larder;
using namespace larder::test;

namespace {

void store_tagged(Store& store, unsigned scope, const std::string& path, const std::string& uid) {
  ObjectPlan plan;
  plan.scope = scope;
  plan.path = path;
  plan.query = "limit=5";
  NewObject object = make_object(plan);
  TagSet tags;
  tags.add_entry("blog", uid);
  object.tags = tags.take();
  object.epoch = store.epoch();
  Outcome<bool> done;
  REQUIRE(put(store, std::move(object), label_of(scope), [&](bool is) { done.set(is); }));
  REQUIRE(done.wait());
}

ObjectQuestion asked(const std::string& branch, std::optional<Tag> tag, std::size_t limit = 100) {
  ObjectQuestion question;
  question.branch = branch;
  question.tag = tag;
  question.limit = limit;
  return question;
}

UrlListing list(Store& store, ObjectQuestion question) {
  Outcome<UrlListing> outcome;
  store.list(std::move(question), wall_now(),
             [&](UrlListing listing) { outcome.set(std::move(listing)); });
  return outcome.wait();
}

std::set<std::string> paths_of(const UrlListing& listing) {
  std::set<std::string> paths;
  for (const ListedObject& object : listing.objects) paths.insert(object.path);
  return paths;
}

}  // namespace

TEST_CASE("object walker: what is in a scope, and what carries a tag", "[store]") {
  TemporaryDirectory directory;
  Store store(config_at(directory.path()), 16, hasher(),
              make_eviction(CacheConfig::Eviction::gdsf));
  store_tagged(store, 0, "/v3/a", "e1");
  store_tagged(store, 0, "/v3/b", "e2");
  store_tagged(store, 1, "/v3/c", "e1");

  const UrlListing main = list(store, asked("main", std::nullopt));
  REQUIRE_FALSE(main.error);
  CHECK(paths_of(main) == std::set<std::string>{"/v3/a", "/v3/b"});
  CHECK_FALSE(main.more);
  CHECK(main.scopes.empty());
  for (const ListedObject& object : main.objects) {
    CHECK(object.query == "limit=5");
    CHECK(object.freshness == Freshness::fresh);
    CHECK(object.body_bytes == 100);
    CHECK(object.scope.branch == "main");
    CHECK(object.uses == 1);
  }
  const UrlListing tagged = list(store, asked("", entry_tag("e1")));
  CHECK(paths_of(tagged) == std::set<std::string>{"/v3/a", "/v3/c"});
  CHECK(paths_of(list(store, asked("next", entry_tag("e1")))) == std::set<std::string>{"/v3/c"});
  const UrlListing none = list(store, asked("", entry_tag("e3")));
  CHECK(none.objects.empty());
  CHECK(none.scopes.size() == 2);
  CHECK(list(store, asked("mian", std::nullopt)).objects.empty());
}

TEST_CASE("object walker: a purge shows as what lookups make of it", "[store]") {
  TemporaryDirectory directory;
  Store store(config_at(directory.path()), 16, hasher(),
              make_eviction(CacheConfig::Eviction::gdsf));
  store.set_soft_for(60'000);
  store_tagged(store, 0, "/v3/a", "e1");
  PurgeOrder order;
  order.what = PurgeOrder::What::change;
  order.changes.push_back({ContentChange::What::entry, "blog", "e1"});
  CHECK_FALSE(purge_and_wait(store, order).error);
  const UrlListing all = list(store, asked("", entry_tag("e1")));
  REQUIRE(all.objects.size() == 1);
  CHECK(all.objects[0].purged);
  CHECK(all.objects[0].freshness == Freshness::stale_revalidate);
}

TEST_CASE("object walker: no more than the limit, and it is told that there are more", "[store]") {
  TemporaryDirectory directory;
  Store store(config_at(directory.path()), 16, hasher(),
              make_eviction(CacheConfig::Eviction::gdsf));
  for (int i = 0; i < 5; ++i) store_tagged(store, i % 2, "/v3/" + std::to_string(i), "e1");
  const UrlListing some = list(store, asked("", entry_tag("e1"), 4));
  CHECK(some.objects.size() == 4);
  CHECK(some.more);
  const UrlListing all = list(store, asked("", entry_tag("e1"), 5));
  CHECK(all.objects.size() == 5);
  CHECK_FALSE(all.more);
}

TEST_CASE("object walker: long requests end a listing before its limit", "[store]") {
  TemporaryDirectory directory;
  Store store(config_at(directory.path()), 16, hasher(),
              make_eviction(CacheConfig::Eviction::gdsf));
  constexpr std::size_t kLong = 16'000;
  for (unsigned i = 0; i < 40; ++i) {
    store_tagged(store, 0, "/v3/" + std::string(kLong, 'x') + std::to_string(i), "e1");
  }
  const UrlListing some = list(store, asked("main", std::nullopt, 1'000));
  CHECK(some.more);
  CHECK(some.objects.size() < 40);
  CHECK(some.objects.size() > 20);
}
