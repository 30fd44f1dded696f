// SPDX-License-Identifier: Apache-2.0
#include "cache/store/store.h"

#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <map>
#include <set>
#include <thread>

#include "cache/tags/tag_set.h"
#include "conf/base/startup_error.h"
#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

constexpr std::size_t kScopes = 1'024;

Store open_store(const std::string& path, Bytes size = 64u << 20, std::size_t scopes = kScopes) {
  return Store(config_at(path, size), scopes, hasher(), make_fifo());
}

}  // namespace

TEST_CASE("store: an object comes back with all its bytes, whatever its length", "[store]") {
  const std::size_t length =
      GENERATE(values<std::size_t>({0, 1, 100, 1'700, 1'800, 1'900, 4'096, 100'000, 131'072,
                                    131'073, 3 * 65'496, 3 * 65'496 + 1, 900'000}));
  const Bytes size = GENERATE(8u << 20, 64u << 20);
  CAPTURE(length, size);
  const TemporaryDirectory directory;
  CacheConfig config = config_at(directory.path(), size);
  config.max_object_bytes = 1'000'000;
  Store store(config, kScopes, hasher(), make_fifo());
  ObjectPlan plan;
  plan.length = length;
  CHECK(see(store, plan) == Seen::absent);
  REQUIRE(put_and_wait(store, plan));
  CHECK(see(store, plan) == Seen::whole);
  const StoreStats stats = store.stats();
  CHECK(stats.objects == 1);
  CHECK(stats.stores == 1);
  CHECK(stats.scopes == 1);
  CHECK(stats.pending_bytes == 0);
}

TEST_CASE("store: a put replaces the older object of its key with all its chunk rows", "[store]") {
  const TemporaryDirectory directory;
  Store store = open_store(directory.path());
  ObjectPlan plan;
  for (const std::size_t length : {800'000, 300'000, 10, 500'000, 20'000, 0}) {
    CAPTURE(length);
    plan.length = length;
    ++plan.seed;
    REQUIRE(put_and_wait(store, plan));
    CHECK(see(store, plan) == Seen::whole);
    CHECK(store.stats().objects == 1);
  }
  CHECK(store.stats().replaced == 5);
  // Nothing is left of the others: only the tables' roots.
  REQUIRE(purge_and_wait(store, PurgeOrder{}).objects == 1);
  CHECK(store.stats().live_pages < 10);
}

TEST_CASE("store: a chunk of an object that was replaced in the meantime is not given out",
          "[store]") {
  const TemporaryDirectory directory;
  Store store = open_store(directory.path());
  ObjectPlan plan;
  plan.length = 500'000;
  REQUIRE(put_and_wait(store, plan));
  StoreReader reader = store.reader();
  const CacheKey key = key_of(plan);
  const auto view = reader.lookup(key, canonical_of(plan), mac_of(plan.scope), WallTime{});
  REQUIRE(view);
  const std::uint64_t sequence = view->sequence;
  REQUIRE(reader.chunk(key, sequence, 0));
  reader.end_turn();
  plan.seed = 2;
  REQUIRE(put_and_wait(store, plan));
  CHECK_FALSE(reader.chunk(key, sequence, 1));
  CHECK(store.stats().corrupt == 0);
}

TEST_CASE("store: lookups of one turn share a snapshot, those of the next see what came",
          "[store]") {
  const TemporaryDirectory directory;
  Store store = open_store(directory.path());
  StoreReader reader = store.reader();
  ObjectPlan first;
  ObjectPlan second;
  second.path = "/v3/entries/2";
  REQUIRE(put_and_wait(store, first));
  CHECK(see(reader, first) == Seen::whole);
  REQUIRE(put_and_wait(store, second));
  CHECK(see(reader, second) == Seen::absent);
  reader.end_turn();
  CHECK(see(reader, second) == Seen::whole);
}

TEST_CASE("store: an acknowledged purge is seen at once by every reader, within its turn",
          "[store]") {
  const TemporaryDirectory directory;
  Store store = open_store(directory.path());
  ObjectPlan plan;
  REQUIRE(put_and_wait(store, plan));
  StoreReader first = store.reader();
  StoreReader second = store.reader();
  REQUIRE(see(first, plan) == Seen::whole);
  REQUIRE(see(second, plan) == Seen::whole);
  const PurgeResult result = purge_and_wait(store, PurgeOrder{});
  CHECK(result.objects == 1);
  CHECK_FALSE(result.error);
  CHECK(see(first, plan) == Seen::absent);
  CHECK(see(second, plan) == Seen::absent);
}

TEST_CASE("store: a key that two requests share answers only the one that was stored", "[store]") {
  const TemporaryDirectory directory;
  Store store = open_store(directory.path());
  ObjectPlan stored;
  ObjectPlan other;
  other.path = "/v3/entries/2";
  NewObject object = make_object(stored);
  Outcome<bool> outcome;
  REQUIRE(put(store, object, label_of(0), [&](bool committed) { outcome.set(committed); }));
  REQUIRE(outcome.wait());
  StoreReader reader = store.reader();
  CHECK(reader.lookup(object.key, canonical_of(stored), mac_of(0), WallTime{}));
  CHECK_FALSE(reader.lookup(object.key, canonical_of(other), mac_of(0), WallTime{}));
  ScopeMac mac = mac_of(0);
  mac.bytes[31] ^= 1;  // the half that is not in the key
  CHECK_FALSE(reader.lookup(object.key, canonical_of(stored), mac, WallTime{}));
  CHECK(store.stats().collisions == 2);
}

// --- Purges
// ---------------------------------------------------------------------------------------

namespace {

struct PurgeCase {
  const char* name;
  PurgeOrder order;
};

PurgeOrder url_order(std::string path, std::string query, std::string api_key = "",
                     std::string environment = "", std::string branch = "") {
  return {PurgeOrder::What::url, std::move(path),        std::move(query),
          std::move(api_key),    std::move(environment), std::move(branch)};
}

PurgeOrder scope_order(std::string api_key, std::string environment, std::string branch) {
  PurgeOrder order;
  order.what = PurgeOrder::What::scope;
  order.api_key = std::move(api_key);
  order.environment = std::move(environment);
  order.branch = std::move(branch);
  order.hard = true;
  return order;
}

/// 12 scopes of 3 stacks, 4 URLs of 2 queries, with variants and representations.
std::vector<ObjectPlan> population() {
  std::vector<ObjectPlan> plans;
  for (unsigned scope = 0; scope < 12; ++scope) {
    for (unsigned url = 0; url < 8; ++url) {
      for (unsigned form = 0; form < 3; ++form) {
        ObjectPlan plan;
        plan.scope = scope;
        plan.path = "/v3/entries/" + std::to_string(url / 2);
        plan.query = url % 2 == 0 ? "" : "locale=en";
        plan.variants = form == 2 ? "v1" : "";
        plan.representation = form == 1 ? Representation::gzip : Representation::identity;
        plan.seed = plans.size() + 1;
        plan.length = plans.size() % 7 == 0 ? 200'000 : 500;
        plans.push_back(plan);
      }
    }
  }
  return plans;
}

bool selected(const PurgeOrder& order, const ObjectPlan& plan) {
  if (order.what == PurgeOrder::What::all) return true;
  const ScopeLabel label = label_of(plan.scope);
  const bool scope = (order.api_key.empty() || order.api_key == label.api_key) &&
                     (order.environment.empty() || order.environment == label.environment) &&
                     (order.branch.empty() || order.branch == label.branch);
  if (order.what == PurgeOrder::What::scope) return scope;
  return scope && order.path == plan.path && order.query == plan.query;
}

}  // namespace

TEST_CASE("store: a purge takes exactly what it names", "[store]") {
  const PurgeCase c = GENERATE(values<PurgeCase>({
      {"url in every scope", url_order("/v3/entries/1", "")},
      {"url with query", url_order("/v3/entries/1", "locale=en")},
      {"url in one stack", url_order("/v3/entries/2", "", "stack1")},
      {"url in one scope", url_order("/v3/entries/2", "locale=en", "stack2", "staging", "next")},
      {"url that is not there", url_order("/v3/entries/9", "")},
      {"url that others begin with", url_order("/v3/entries", "")},
      {"one scope", scope_order("stack0", "production", "main")},
      {"one environment", scope_order("", "staging", "")},
      {"one branch of a stack", scope_order("stack2", "", "next")},
      {"scope that is not there", scope_order("stack3", "", "")},
      {"every scope", scope_order("", "", "")},
      {"all", PurgeOrder{}},
  }));
  CAPTURE(c.name);
  const TemporaryDirectory directory;
  const std::vector<ObjectPlan> plans = population();
  auto store = std::make_unique<Store>(config_at(directory.path()), kScopes, hasher(), make_fifo());
  Countdown stored(plans.size());
  for (const ObjectPlan& plan : plans) {
    REQUIRE(put(*store, make_object(plan), label_of(plan.scope), [&](bool) { stored.one_less(); }));
  }
  stored.wait();
  const auto count = static_cast<std::uint64_t>(std::count_if(
      plans.begin(), plans.end(), [&](const ObjectPlan& plan) { return selected(c.order, plan); }));
  const PurgeResult result = purge_and_wait(*store, c.order);
  CHECK_FALSE(result.error);
  CHECK(result.objects == count);
  for (int opened = 0; opened < 2; ++opened) {
    CAPTURE(opened);
    CHECK(store->stats().objects == plans.size() - count);
    for (const ObjectPlan& plan : plans) {
      CAPTURE(plan.scope, plan.path, plan.query, plan.variants, plan.seed);
      CHECK(see(*store, plan) == (selected(c.order, plan) ? Seen::absent : Seen::whole));
    }
    store.reset();  // and the same after a restart
    store = std::make_unique<Store>(config_at(directory.path()), kScopes, hasher(), make_fifo());
  }
}

namespace {

std::string tags_of_all(std::initializer_list<Tag> tags) {
  TagSet set;
  for (const Tag tag : tags) set.add(tag);
  return set.take();
}

PurgeOrder change_order(ContentChange change, std::string api_key = "") {
  PurgeOrder order;
  order.what = PurgeOrder::What::change;
  order.hard = true;
  order.counts = true;
  order.changes = {std::move(change)};
  order.api_key = std::move(api_key);
  return order;
}

struct ChangeCase {
  const char* name;
  PurgeOrder order;
  std::set<std::string> gone;
};

}  // namespace

TEST_CASE("store: a purge of a change takes what may show it, where it is said", "[store]") {
  using What = ContentChange::What;
  const ChangeCase c = GENERATE(values<ChangeCase>({
      {"entry",
       change_order({What::entry, "blog", "a"}),
       {"shows", "refers", "list", "includes", "includes_fr", "untagged"}},
      {"entry in one stack",
       change_order({What::entry, "blog", "a"}, "stack1"),
       {"shows", "refers", "list", "includes", "includes_fr", "untagged"}},
      {"entry that is gone",
       change_order({What::entry, "blog", "a", ContentChange::Action::gone, ""}),
       {"shows", "refers", "list", "untagged"}},
      {"entry that nothing shows",
       change_order({What::entry, "blog", "new"}),
       {"list", "includes", "includes_fr", "untagged"}},
      {"entry that only a \"not found\" names",
       change_order({What::entry, "page", "missing"}),
       {"missing", "includes", "includes_fr", "untagged"}},
      {"asset", change_order({What::asset, "", "x"}), {"asset", "untagged"}},
      {"content type",
       change_order({What::content_type, "", "blog"}),
       {"shows", "list", "untagged"}},
      {"stack that is not there", change_order({What::entry, "blog", "a"}, "stack9"), {}},
  }));
  CAPTURE(c.name);
  const std::map<std::string, std::string> kinds{
      {"shows", tags_of_all({entry_tag("a"), content_tag("blog")})},
      {"refers", tags_of_all({entry_tag("b"), content_tag("page"), reference_tag("a")})},
      {"list", tags_of_all({list_tag("blog")})},
      {"other", tags_of_all({entry_tag("c")})},
      {"includes", tags_of_all({entry_tag("d"), inclusion_tag()})},
      {"includes_fr", tags_of_all({entry_tag("d"), inclusion_tag()})},
      {"missing", tags_of_all({reference_tag("missing"), list_tag("page")})},
      {"asset", tags_of_all({asset_tag("x")})},
      {"untagged", ""},
  };
  const TemporaryDirectory directory;
  Store store = open_store(directory.path());
  std::vector<std::pair<std::string, ObjectPlan>> plans;
  for (unsigned scope = 0; scope < 12; ++scope) {
    for (const auto& [kind, tags] : kinds) {
      ObjectPlan plan;
      plan.scope = scope;
      plan.path = "/v3/" + kind;
      plan.query = kind == "includes_fr" ? "locale=fr-fr" : "";
      plan.seed = plans.size() + 1;
      NewObject object = make_object(plan);
      object.tags = tags;
      Outcome<bool> stored;
      REQUIRE(put(store, std::move(object), label_of(scope), [&](bool done) { stored.set(done); }));
      REQUIRE(stored.wait());
      plans.emplace_back(kind, plan);
    }
  }
  const PurgeResult result = purge_and_wait(store, c.order);
  CHECK_FALSE(result.error);
  std::uint64_t gone = 0;
  for (const auto& [kind, plan] : plans) {
    CAPTURE(kind, plan.scope);
    const bool there = c.order.api_key.empty() || label_of(plan.scope).api_key == c.order.api_key;
    const bool goes = there && c.gone.contains(kind);
    gone += goes ? 1 : 0;
    CHECK(see(store, plan) == (goes ? Seen::absent : Seen::whole));
  }
  CHECK(result.objects == gone);
}

TEST_CASE("store: a purge of more than a transaction holds takes all of it", "[store]") {
  const TemporaryDirectory directory;
  Store store = open_store(directory.path());
  constexpr unsigned kObjects = 3'000;
  Countdown stored(kObjects);
  for (unsigned i = 0; i < kObjects; ++i) {
    ObjectPlan plan;
    plan.path = "/v3/entries/" + std::to_string(i);
    plan.scope = i % 2;
    REQUIRE(put(store, make_object(plan), label_of(plan.scope), [&](bool) { stored.one_less(); }));
  }
  stored.wait();
  REQUIRE(store.stats().objects == kObjects);
  CHECK(purge_and_wait(store, scope_order("stack0", "production", "main")).objects == kObjects / 2);
  CHECK(store.stats().objects == kObjects / 2);
  CHECK(purge_and_wait(store, scope_order("", "", "")).objects == kObjects / 2);
  CHECK(store.stats().objects == 0);
  CHECK(store.stats().scopes == 0);
  CHECK(store.stats().live_pages < 10);
}

TEST_CASE("store: puts and purges keep the order they were handed over in", "[store]") {
  const TemporaryDirectory directory;
  Store store = open_store(directory.path());
  ObjectPlan plan;
  std::vector<int> finished;
  Countdown all(4);
  const auto step = [&](int number) {
    finished.push_back(number);
    all.one_less();
  };
  ObjectPlan last = plan;
  last.seed = 3;
  REQUIRE(put(store, make_object(plan), label_of(0), [&](bool) { step(1); }));
  store.purge(PurgeOrder{}, [&](PurgeResult) { step(2); });
  plan.seed = 2;
  REQUIRE(put(store, make_object(plan), label_of(0), [&](bool) { step(3); }));
  REQUIRE(put(store, make_object(last), label_of(0), [&](bool) { step(4); }));
  all.wait();
  CHECK(finished == std::vector<int>{1, 2, 3, 4});
  CHECK(see(store, last) == Seen::whole);
}

// --- Bounds
// ---------------------------------------------------------------------------------------

namespace {

ObjectPlan plan_of_scope(unsigned scope) {
  ObjectPlan plan;
  plan.scope = scope;
  plan.seed = scope + 1;
  return plan;
}

/// A hit at this time.
void use(Store& store, unsigned scope, std::int64_t at_ms) {
  const ObjectPlan plan = plan_of_scope(scope);
  StoreReader reader = store.reader();
  REQUIRE(reader.lookup(key_of(plan), canonical_of(plan), mac_of(scope), WallTime{at_ms}));
}

}  // namespace

TEST_CASE("store: invented scopes do not push out those in use", "[store]") {
  const TemporaryDirectory directory;
  Store store(config_at(directory.path()), 3, hasher(), make_fifo());
  for (const unsigned scope : {0, 1, 2}) REQUIRE(put_and_wait(store, plan_of_scope(scope)));
  const std::int64_t now = wall_now().ms;
  for (const unsigned scope : {0, 1, 2}) use(store, scope, now + 1'000);
  Countdown answered(400);
  for (unsigned scope = 100; scope < 500; ++scope) {
    REQUIRE(put(store, make_object(plan_of_scope(scope)), label_of(scope),
                [&](bool) { answered.one_less(); }));
  }
  answered.wait();
  CHECK(store.stats().scopes == 3);
  for (const unsigned scope : {0, 1, 2}) CHECK(see(store, plan_of_scope(scope)) == Seen::whole);
}

TEST_CASE("store: the scope used least recently goes for one that is busier", "[store]") {
  const TemporaryDirectory directory;
  Store store(config_at(directory.path()), 3, hasher(), make_fifo());
  for (const unsigned scope : {0, 1, 2}) REQUIRE(put_and_wait(store, plan_of_scope(scope)));
  // The one that was stored first is in use: hits count.
  const std::int64_t now = wall_now().ms;
  for (const unsigned scope : {0, 2}) use(store, scope, now + 60'000);
  CHECK_FALSE(put_and_wait(store, plan_of_scope(3)));
  const std::int64_t until = wall_now().ms + 60'000;
  while (!put_and_wait(store, plan_of_scope(3)) && wall_now().ms < until) std::this_thread::yield();
  CHECK(store.stats().scopes == 3);
  CHECK(store.stats().objects == 3);
  for (const unsigned scope : {0, 2, 3}) CHECK(see(store, plan_of_scope(scope)) == Seen::whole);
  CHECK(see(store, plan_of_scope(1)) == Seen::absent);
}

TEST_CASE("store: a negative answer opens no scope, and is kept in one that is there", "[store]") {
  const TemporaryDirectory directory;
  Store store(config_at(directory.path()), 3, hasher(), make_fifo());
  const auto put_status = [&](const ObjectPlan& plan, int status) {
    NewObject object = make_object(plan);
    object.meta.status = status;
    Outcome<bool> outcome;
    REQUIRE(put(store, std::move(object), label_of(plan.scope),
                [&](bool committed) { outcome.set(committed); }));
    return outcome.wait();
  };
  for (const int status : {404, 422}) CHECK_FALSE(put_status(plan_of_scope(0), status));
  CHECK(store.stats().scopes == 0);
  REQUIRE(put_status(plan_of_scope(0), 200));
  ObjectPlan other = plan_of_scope(0);
  other.path = "/v3/entries/2";
  CHECK(put_status(other, 404));
  CHECK(store.stats().scopes == 1);
  CHECK(see(store, other) == Seen::whole);
}

TEST_CASE("store: a batch with more new scopes than there may be stores the first ones",
          "[store]") {
  const TemporaryDirectory directory;
  Store store(config_at(directory.path()), 3, hasher(), make_fifo());
  Countdown answered(20);
  for (unsigned scope = 0; scope < 20; ++scope) {
    REQUIRE(put(store, make_object(plan_of_scope(scope)), label_of(scope),
                [&](bool) { answered.one_less(); }));
  }
  answered.wait();
  CHECK(store.stats().scopes == 3);
  CHECK(store.stats().objects == 3);
}

TEST_CASE("store: what is too large or too much is refused at once", "[store]") {
  const TemporaryDirectory directory;
  CacheConfig config = config_at(directory.path(), 16u << 20);
  config.max_object_bytes = 100'000;
  config.max_pending_bytes = 150'000;
  Store store(config, kScopes, hasher(), make_fifo());
  CHECK(store.max_object_bytes() == 100'000);
  ObjectPlan large;
  large.length = 100'001;
  CHECK_FALSE(put(store, make_object(large), label_of(0), nullptr));
  CHECK(store.stats().dropped_too_large == 1);

  // The writer is held in a callback while the queue fills.
  Outcome<bool> held;
  Outcome<bool> go_on;
  store.purge(PurgeOrder{}, [&](PurgeResult) {
    held.set(true);
    go_on.wait();
  });
  held.wait();
  ObjectPlan plan;
  plan.length = 90'000;
  CHECK(put(store, make_object(plan), label_of(0), nullptr));
  CHECK(store.stats().pending_bytes > 90'000);
  CHECK_FALSE(put(store, make_object(plan), label_of(0), nullptr));
  CHECK(store.stats().dropped_queue_full == 1);
  go_on.set(true);
  drain(store);
  CHECK(store.stats().pending_bytes == 0);
  CHECK(put_and_wait(store, plan));
}

TEST_CASE("store: the directory and its files are the owner's alone", "[store]") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("cache");
  const Store store = open_store(path);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  REQUIRE(::stat((path + "/data.mdb").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(status.st_size == 64 << 20);
}

TEST_CASE("store: a second one in the same directory is refused", "[store]") {
  const TemporaryDirectory directory;
  const Store store = open_store(directory.path());
  CHECK_THROWS_AS(open_store(directory.path()), StartupError);
}

TEST_CASE("store: more readers than threads can look up side by side", "[store]") {
  const TemporaryDirectory directory;
  Store store = open_store(directory.path());
  ObjectPlan plan;
  REQUIRE(put_and_wait(store, plan));
  std::vector<StoreReader> readers;
  for (int i = 0; i < 300; ++i) {
    readers.push_back(store.reader());
    REQUIRE(see(readers.back(), plan) == Seen::whole);
  }
}

}  // namespace larder::test
