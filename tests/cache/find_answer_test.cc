// SPDX-License-Identifier: Apache-2.0
#include "cache/store/find_answer.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/cache/store_fixture.h"

using namespace larder;
using test::ObjectPlan;

namespace {

constexpr WallTime kNow{1'700'000'000'000};

WallTime at(std::int64_t seconds) {
  return {kNow.ms + seconds * 1'000};
}

/// A store with one request's answers.
struct Answers {
  test::TemporaryDirectory directory;
  Store store{test::config_at(directory.path()), 1'024, test::hasher(), make_fifo()};
  StoreReader reader = store.reader();
  ObjectPlan plan;
  const CacheKey key = test::key_of(plan);
  const std::string canonical = test::canonical_of(plan);
  const ScopeMac mac = test::mac_of(plan.scope);

  /// Fresh for 10 s from `stored`; then stale-while-revalidate to 100 s, stale-if-error to 1,000 s.
  void add(int status, const CacheKey& place, WallTime stored) {
    NewObject object = test::make_object(plan);
    object.key = place;
    object.meta.status = status;
    object.meta.lifetime = {.stored = stored,
                            .fresh_until = {stored.ms + 10'000},
                            .revalidate_until = {stored.ms + 100'000},
                            .error_until = {stored.ms + 1'000'000}};
    test::Outcome<bool> outcome;
    REQUIRE(test::put(store, std::move(object), test::label_of(plan.scope),
                      [&](bool done) { outcome.set(done); }));
    REQUIRE(outcome.wait());
  }
  /// By a good answer to another request: a negative one opens no scope.
  void open_scope() {
    ObjectPlan other = plan;
    other.path = "/v3/entries/other";
    REQUIRE(test::put_and_wait(store, other));
  }
  std::optional<AnswerView> find(WallTime now) {
    reader.end_turn();
    return find_answer(reader, key, canonical, mac, now);
  }
  bool has_good(WallTime now) {
    reader.end_turn();
    return has_undoubted_good(reader, key, canonical, mac, now);
  }
};

}  // namespace

TEST_CASE(
    "find answer: a first negative answer lies beside the good one and wins while it is fresh",
    "[cache]") {
  Answers a;
  CHECK_FALSE(a.find(kNow));
  CHECK_FALSE(a.has_good(kNow));
  a.add(200, a.key, kNow);
  CHECK(a.has_good(at(50)));
  CHECK_FALSE(a.has_good(at(1'001)));
  a.add(404, negative_key_of(a.key), at(50));
  CHECK(a.find(at(5))->object.meta.status == 200);
  const auto negative = a.find(at(55));
  REQUIRE(negative);
  CHECK(negative->object.meta.status == 404);
  CHECK(negative->freshness == Freshness::fresh);
  CHECK(negative->key == negative_key_of(a.key));
  // The negative one has run out: the good one is for outages, though stale-while-revalidate holds.
  const auto good = a.find(at(70));
  REQUIRE(good);
  CHECK(good->object.meta.status == 200);
  CHECK(good->freshness == Freshness::stale_if_error);
  CHECK(good->key == a.key);
  CHECK_FALSE(a.has_good(at(70)));  // the next one takes its place
  CHECK(a.find(at(1'001))->freshness == Freshness::expired);
}

TEST_CASE("find answer: a good one that came later is not put in doubt", "[cache]") {
  Answers a;
  a.open_scope();
  a.add(404, negative_key_of(a.key), kNow);
  a.add(200, a.key, at(5));
  CHECK(a.find(at(6))->object.meta.status == 200);
  CHECK(a.find(at(20))->freshness == Freshness::stale_revalidate);
  CHECK(a.has_good(at(20)));
}

TEST_CASE("find answer: a negative one in the usual place is all there is", "[cache]") {
  Answers a;
  a.open_scope();
  a.add(422, a.key, kNow);
  CHECK(a.find(at(5))->object.meta.status == 422);
  CHECK(a.find(at(20))->freshness == Freshness::stale_revalidate);
  CHECK_FALSE(a.has_good(at(5)));
}

TEST_CASE("find answer: a purge takes the good one and the negative one beside it", "[cache]") {
  Answers a;
  a.add(200, a.key, kNow);
  a.add(404, negative_key_of(a.key), at(50));
  PurgeOrder order;
  order.what = GENERATE(PurgeOrder::What::url, PurgeOrder::What::scope, PurgeOrder::What::all);
  order.hard = true;
  order.path = a.plan.path;
  CHECK(test::purge_and_wait(a.store, order).objects == 2);
  CHECK_FALSE(a.find(at(55)));
  CHECK_FALSE(a.reader.lookup(negative_key_of(a.key), a.canonical, a.mac, at(55)));
}
