// SPDX-License-Identifier: Apache-2.0
#include "cache/store/write.h"

#include <catch2/catch_test_macros.hpp>

#include "cache/eviction/eviction.h"
#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

constexpr std::size_t kScopes = 16;

Chunk piece_of(std::size_t length) {
  return std::make_shared<const std::string>(length, 'x');
}

ObjectHead head_of(std::uint64_t length) {
  ObjectPlan plan;
  plan.length = length;
  return make_object(plan);
}

CacheConfig small_config(const TemporaryDirectory& directory) {
  CacheConfig config = config_at(directory.path(), 16u << 20);
  config.max_object_bytes = 100'000;
  config.max_pending_bytes = 150'000;
  return config;
}

}  // namespace

TEST_CASE("store write: the body is what was appended, piece by piece", "[store]") {
  const TemporaryDirectory directory;
  Store store(config_at(directory.path()), kScopes, hasher(), make_fifo());
  ObjectPlan plan;
  plan.length = 200'000;
  const std::string body = body_of(plan.seed, plan.length);
  auto write = store.begin(0);
  REQUIRE(write);
  for (std::size_t at = 0; at < body.size(); at += 7'001) {
    REQUIRE(write->append(std::make_shared<const std::string>(body.substr(at, 7'001))));
  }
  CHECK(write->length() == body.size());
  CHECK(see(store, plan) == Seen::absent);
  Outcome<bool> outcome;
  REQUIRE(std::move(*write).commit(make_object(plan), label_of(plan.scope),
                                   [&](bool committed) { outcome.set(committed); }));
  CHECK(outcome.wait());
  CHECK(see(store, plan) == Seen::whole);
}

TEST_CASE("store write: destroyed without a commit it leaves nothing", "[store]") {
  const TemporaryDirectory directory;
  Store store(small_config(directory), kScopes, hasher(), make_fifo());
  {
    auto write = store.begin(90'000);
    REQUIRE(write);
    REQUIRE(write->append(piece_of(90'000)));
    CHECK(store.stats().writing_bytes > 90'000);
    CHECK(store.stats().pending_bytes == 0);
  }
  drain(store);
  CHECK(store.stats().writing_bytes == 0);
  CHECK(store.stats().stores == 0);
  CHECK(store.stats().objects == 0);
}

TEST_CASE("store write: its share of the bound moves with it", "[store]") {
  const TemporaryDirectory directory;
  Store store(small_config(directory), kScopes, hasher(), make_fifo());
  auto first = store.begin(0);
  auto second = store.begin(0);
  REQUIRE((first && second));
  REQUIRE(first->append(piece_of(60'000)));
  REQUIRE(second->append(piece_of(50'000)));
  *first = std::move(*second);
  CHECK(first->length() == 50'000);
  CHECK_FALSE(second->append(piece_of(1)));
  const std::uint64_t one = store.stats().writing_bytes;
  CHECK((one > 50'000 && one < 60'000));
  StoreWrite third = std::move(*first);
  CHECK(store.stats().writing_bytes == one);
  first.reset();
  second.reset();
  CHECK(store.stats().writing_bytes == one);
}

TEST_CASE("store write: what is announced as too large is refused before its first byte",
          "[store]") {
  const TemporaryDirectory directory;
  Store store(small_config(directory), kScopes, hasher(), make_fifo());
  CHECK(store.begin(100'000));
  CHECK_FALSE(store.begin(100'001));
  CHECK(store.stats().dropped_too_large == 1);
  CHECK(store.stats().writing_bytes == 0);
}

TEST_CASE("store write: no announcement is needed to be stopped at the largest object", "[store]") {
  const TemporaryDirectory directory;
  Store store(small_config(directory), kScopes, hasher(), make_fifo());
  auto write = store.begin(0);
  REQUIRE(write);
  REQUIRE(write->append(piece_of(100'000)));
  CHECK_FALSE(write->append(piece_of(1)));
  CHECK(store.stats().writing_bytes == 0);  // it gives up at once
  CHECK_FALSE(write->append(piece_of(1)));
  CHECK_FALSE(std::move(*write).commit(head_of(100'000), label_of(0), nullptr));
  CHECK(store.stats().dropped_too_large == 1);
}

TEST_CASE("store write: writes under way share the bound on what is pending", "[store]") {
  const TemporaryDirectory directory;
  Store store(small_config(directory), kScopes, hasher(), make_fifo());
  auto first = store.begin(0);
  auto second = store.begin(0);
  REQUIRE((first && second));
  REQUIRE(first->append(piece_of(90'000)));
  CHECK_FALSE(store.begin(60'000));
  CHECK_FALSE(second->append(piece_of(60'000)));
  CHECK(store.stats().dropped_queue_full == 2);
  first.reset();
  auto third = store.begin(60'000);
  REQUIRE(third);
  CHECK(third->append(piece_of(60'000)));
}

}  // namespace larder::test
