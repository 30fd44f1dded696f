// SPDX-License-Identifier: Apache-2.0
#include "cache/store/url_lister.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "cache/store/url_listing.h"
#include "cache/tags/place.h"
#include "cache/tags/tag_set.h"
#include "tests/cache/store_fixture.h"
#include "tests/gzip.h"

using namespace larder;
using namespace larder::test;

namespace {

constexpr const char* kPath = "/v3/content_types/blog/entries";

ObjectPlan plan_of(unsigned scope, const std::string& variants = {}) {
  ObjectPlan plan;
  plan.scope = scope;
  plan.path = kPath;
  plan.query = "limit=5";
  plan.variants = variants;
  return plan;
}

/// A list that shows the entry `e1` behind `filler` octets.
void store_list(Store& store, const ObjectPlan& plan, std::size_t filler = 0) {
  NewObject object = make_object(plan);
  const std::string text =
      R"({"entries":[{"title":")" + std::string(filler, 'x') + R"(","uid":"e1","_version":1}]})";
  const bool packed = plan.representation == Representation::gzip;
  object.body = {std::make_shared<const std::string>(packed ? gzip_at(0, text) : text)};
  object.meta.body_length = object.body.front()->size();
  TagSet tags;
  tags.add_entry("blog", "e1");
  tags.add(arrival_tag("blog"));
  object.tags = tags.take();
  object.epoch = store.epoch();
  Outcome<bool> done;
  REQUIRE(put(store, std::move(object), label_of(plan.scope), [&](bool is) { done.set(is); }));
  REQUIRE(done.wait());
}

UrlListing list(Store& store, const std::string& branch = {},
                const std::string& query = "limit=5") {
  PurgeOrder order;
  order.what = PurgeOrder::What::url;
  order.path = kPath;
  order.query = query;
  order.branch = branch;
  Outcome<UrlListing> outcome;
  store.list(order, wall_now(), [&](UrlListing listing) { outcome.set(std::move(listing)); });
  return outcome.wait();
}

PurgeResult purge_entry(Store& store, const std::string& branch, bool hard) {
  PurgeOrder order;
  order.what = PurgeOrder::What::change;
  order.branch = branch;
  order.hard = hard;
  order.changes.push_back({ContentChange::What::entry, "blog", "e1"});
  return purge_and_wait(store, order);
}

const std::vector<std::string> kTags{"arrival:blog", "content-type:blog", "entry:e1"};

}  // namespace

TEST_CASE("url lister: what is stored under one key, by its URL", "[store]") {
  TemporaryDirectory directory;
  Store store(config_at(directory.path()), 16, hasher(),
              make_eviction(CacheConfig::Eviction::gdsf));
  store_list(store, plan_of(0));
  store_list(store, plan_of(0, "cs1"));
  store_list(store, plan_of(1));
  const auto list_key = [&](const CacheKey& key) {
    Outcome<UrlListing> outcome;
    store.list(key, wall_now(), [&](UrlListing listing) { outcome.set(std::move(listing)); });
    return outcome.wait();
  };
  const UrlListing all = list(store);
  REQUIRE(all.objects.size() == 3);
  for (const ListedObject& object : all.objects) {
    const UrlListing one = list_key(object.key);
    REQUIRE_FALSE(one.error);
    REQUIRE(one.objects.size() == 1);
    CHECK(one.objects[0].key == object.key);
    CHECK(one.objects[0].path == kPath);
    CHECK(one.objects[0].variants == object.variants);
    CHECK(one.objects[0].scope.mac == object.scope.mac);
    CHECK(one.objects[0].lifetime.fresh_until == object.fresh_until);
  }
  CacheKey unknown = all.objects[0].key;
  unknown.bytes[30] ^= 1;
  const UrlListing none = list_key(unknown);
  CHECK(none.objects.empty());
  CHECK(none.scopes.size() == 2);
}

TEST_CASE("url lister: each scope and variant of a URL, with its tags, and nothing else",
          "[store]") {
  TemporaryDirectory directory;
  Store store(config_at(directory.path()), 16, hasher(),
              make_eviction(CacheConfig::Eviction::gdsf));
  store.set_soft_for(60'000);
  store_list(store, plan_of(0));
  store_list(store, plan_of(0, "cs1"));
  store_list(store, plan_of(1));
  ObjectPlan other = plan_of(0);
  other.query = "limit=50";
  store_list(store, other);
  other.query = "limit=5";
  other.path = std::string(kPath) + "/e1";
  store_list(store, other);

  const UrlListing all = list(store);
  REQUIRE_FALSE(all.error);
  REQUIRE(all.objects.size() == 3);
  CHECK(all.scopes.empty());
  unsigned variants = 0;
  for (const ListedObject& object : all.objects) {
    CHECK(object.path == kPath);
    CHECK(object.query == "limit=5");
    CHECK(object.freshness == Freshness::fresh);
    CHECK_FALSE(object.purged);
    CHECK(object.tags == kTags);
    CHECK(object.unnamed_tags == 0);
    if (object.variants == "cs1") ++variants;
  }
  CHECK(variants == 1);

  const UrlListing next = list(store, "next");
  REQUIRE(next.objects.size() == 1);
  CHECK(next.objects[0].scope.branch == "next");
  const UrlListing none = list(store, "", "limit=6");
  CHECK(none.objects.empty());
  CHECK(none.scopes.size() == 2);
}

TEST_CASE("url lister: a purge shows as what lookups make of it", "[store]") {
  TemporaryDirectory directory;
  Store store(config_at(directory.path()), 16, hasher(),
              make_eviction(CacheConfig::Eviction::gdsf));
  store.set_soft_for(60'000);
  store_list(store, plan_of(0));
  store_list(store, plan_of(1));
  CHECK(purge_entry(store, "main", false).tags > 0);
  CHECK_FALSE(purge_entry(store, "next", true).error);
  const UrlListing all = list(store);
  REQUIRE(all.objects.size() == 2);
  for (const ListedObject& object : all.objects) {
    CHECK(object.purged);
    const bool soft = object.scope.branch == "main";
    CHECK(object.freshness == (soft ? std::optional(Freshness::stale_revalidate) : std::nullopt));
    CHECK(object.unnamed_tags == (soft ? 0u : 1u));  // a body that is not used is not read
    CHECK(object.epoch == 0);
  }
}

TEST_CASE("url lister: names are found in a large body, packed or not", "[store]") {
  TemporaryDirectory directory;
  Store store(config_at(directory.path()), 16, hasher(),
              make_eviction(CacheConfig::Eviction::gdsf));
  ObjectPlan packed = plan_of(0);
  packed.representation = Representation::gzip;
  store_list(store, packed, 600'000);
  store_list(store, plan_of(1), 600'000);
  const UrlListing all = list(store);
  REQUIRE(all.objects.size() == 2);
  for (const ListedObject& object : all.objects) {
    CHECK(object.body_bytes > 500'000);  // it lies in rows of its own
    CHECK(object.tags == kTags);
  }
}

TEST_CASE("url lister: no more objects than an answer may have", "[store]") {
  TemporaryDirectory directory;
  Store store(config_at(directory.path()), 16, hasher(),
              make_eviction(CacheConfig::Eviction::gdsf));
  for (std::size_t i = 0; i < UrlListing::kMostObjects; ++i) {
    store_list(store, plan_of(0, "v" + std::to_string(i)));
  }
  const UrlListing fitting = list(store);
  CHECK(fitting.objects.size() == UrlListing::kMostObjects);
  CHECK_FALSE(fitting.more);
  store_list(store, plan_of(1));
  const UrlListing beyond = list(store);
  CHECK(beyond.objects.size() == UrlListing::kMostObjects);
  CHECK(beyond.more);
}
