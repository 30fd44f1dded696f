// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "cache/eviction/eviction.h"
#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

constexpr std::size_t kScopes = 16;
constexpr std::size_t kLarge = 600'000;

ObjectPlan plan_of_length(std::size_t length) {
  ObjectPlan plan;
  plan.length = length;
  return plan;
}

struct Stored {
  std::uint64_t sequence = 0;
  Lifetime lifetime;
  std::string entity_fields, shared_fields;
};

std::optional<Stored> stored(Store& store, const ObjectPlan& plan) {
  StoreReader reader = store.reader();
  const auto view = reader.lookup(key_of(plan), canonical_of(plan), mac_of(plan.scope), WallTime{});
  if (!view) return std::nullopt;
  return Stored{view->sequence, view->meta.lifetime, std::string(view->entity_fields),
                std::string(view->shared_fields)};
}

bool put_object_and_wait(Store& store, NewObject object) {
  Outcome<bool> outcome;
  return put(store, std::move(object), label_of(0), [&](bool done) { outcome.set(done); }) &&
         outcome.wait();
}

Touch touch_of(const ObjectPlan& plan) {
  Touch touch;
  touch.key = key_of(plan);
  touch.canonical = canonical_of(plan);
  touch.scope = mac_of(plan.scope);
  touch.etag = make_object(plan).meta.etag;
  touch.lifetime.stored = {5'000};
  touch.lifetime.fresh_until = {wall_now().ms + 777'000};
  touch.lifetime.revalidate_until = {wall_now().ms + 888'000};
  touch.lifetime.error_until = {wall_now().ms + 999'000};
  touch.shared_fields = "X-Seed: touched, and longer than it was before\r\n";
  return touch;
}

bool touch_and_wait(Store& store, Touch touch) {
  Outcome<bool> outcome;
  REQUIRE(store.touch(std::move(touch), [&](bool done) { outcome.set(done); }));
  return outcome.wait();
}

}  // namespace

TEST_CASE("store touch: a large object with the same bytes keeps its rows and their readers",
          "[store][touch]") {
  const TemporaryDirectory directory;
  Store store(config_at(directory.path()), kScopes, hasher(), make_fifo());
  const ObjectPlan plan = plan_of_length(kLarge);
  REQUIRE(put_and_wait(store, plan));
  const auto before = stored(store, plan);
  const std::uint64_t pages = store.stats().live_pages;
  StoreReader reader = store.reader();
  NewObject again = make_object(plan);
  again.meta.lifetime.fresh_until = {wall_now().ms + 555'000};
  again.shared_fields = "X-Seed: other fields\r\n";
  const WallTime fresh_until = again.meta.lifetime.fresh_until;
  REQUIRE(put_object_and_wait(store, std::move(again)));
  const auto after = stored(store, plan);
  REQUIRE((before && after));
  CHECK(after->sequence == before->sequence);
  CHECK(after->lifetime.fresh_until == fresh_until);
  CHECK(after->shared_fields == "X-Seed: other fields\r\n");
  for (std::uint32_t row = 0; row < 3; ++row) {
    CHECK(reader.chunk(key_of(plan), before->sequence, row));
  }
  CHECK(store.stats().touched == 1);
  CHECK(store.stats().replaced == 0);
  CHECK(store.stats().objects == 1);
  CHECK(store.stats().live_pages < pages + 10);
}

TEST_CASE("store touch: whatever differs makes another object", "[store][touch]") {
  const TemporaryDirectory directory;
  Store store(config_at(directory.path()), kScopes, hasher(), make_fifo());
  const ObjectPlan plan = plan_of_length(kLarge);
  REQUIRE(put_and_wait(store, plan));
  const auto before = stored(store, plan);
  NewObject other = make_object(plan);
  const std::string what = GENERATE("bytes", "last byte", "tag", "length", "status", "kind");
  CAPTURE(what);
  std::string body = body_of(plan.seed, plan.length);
  if (what == "bytes") body[100'000] ^= 1;  // a collision of tags, were it real
  if (what == "last byte") body.back() ^= 1;
  if (what == "tag") other.meta.etag.bytes[3] ^= 1;
  if (what == "length") body.pop_back();
  if (what == "status") other.meta.status = 404;
  if (what == "kind") other.meta.kind = Kind::list;
  other.meta.body_length = body.size();
  other.body = {std::make_shared<const std::string>(body)};
  REQUIRE(put_object_and_wait(store, std::move(other)));
  const auto after = stored(store, plan);
  REQUIRE((before && after));
  CHECK(after->sequence != before->sequence);
  CHECK(store.stats().touched == 0);
  CHECK(store.stats().replaced == 1);
  StoreReader reader = store.reader();
  const auto view = reader.lookup(key_of(plan), canonical_of(plan), mac_of(0), WallTime{});
  REQUIRE(view);
  std::string read;
  for (std::uint32_t row = 0; row < view->chunk_count; ++row) {
    read += *reader.chunk(key_of(plan), view->sequence, row);
  }
  CHECK(read == body);
}

TEST_CASE("store touch: a revalidated object has a new lifetime and the same body",
          "[store][touch]") {
  const std::size_t length = GENERATE(0, 100, 20'000, kLarge);
  CAPTURE(length);
  const TemporaryDirectory directory;
  std::optional<Stored> before;
  const ObjectPlan plan = plan_of_length(length);
  const Touch touch = touch_of(plan);
  {
    Store store(config_at(directory.path()), kScopes, hasher(), make_fifo());
    REQUIRE(put_and_wait(store, plan));
    before = stored(store, plan);
    REQUIRE(touch_and_wait(store, touch));
    CHECK(store.stats().touched == 1);
    CHECK(store.stats().objects == 1);
  }
  Store store(config_at(directory.path()), kScopes, hasher(), make_fifo());
  const auto after = stored(store, plan);
  REQUIRE((before && after));
  CHECK(after->sequence == before->sequence);
  CHECK(after->lifetime.fresh_until == touch.lifetime.fresh_until);
  CHECK(after->lifetime.stored == touch.lifetime.stored);
  CHECK(after->entity_fields == before->entity_fields);
  CHECK(after->shared_fields == touch.shared_fields);
  StoreReader reader = store.reader();
  const auto view = reader.lookup(key_of(plan), canonical_of(plan), mac_of(0), WallTime{});
  REQUIRE(view);
  std::string body(view->body);
  for (std::uint32_t row = 0; row < view->chunk_count; ++row) {
    body += *reader.chunk(key_of(plan), view->sequence, row);
  }
  CHECK(body == body_of(plan.seed, plan.length));
}

TEST_CASE("store touch: only the object that was revalidated is touched", "[store][touch]") {
  const TemporaryDirectory directory;
  Store store(config_at(directory.path()), kScopes, hasher(), make_fifo());
  const ObjectPlan plan = plan_of_length(100);
  REQUIRE(put_and_wait(store, plan));
  Touch touch = touch_of(plan);
  const std::string what = GENERATE("tag", "scope", "request", "absent", "purged before");
  CAPTURE(what);
  if (what == "tag") touch.etag.bytes[0] ^= 1;
  if (what == "scope") touch.scope = mac_of(1);
  if (what == "request") touch.canonical += 'x';
  if (what == "absent") touch.key.bytes[39] ^= 1;
  if (what == "purged before") store.purge(PurgeOrder{}, nullptr);
  CHECK_FALSE(touch_and_wait(store, touch));
  CHECK(store.stats().touched == 0);
  if (what == "purged before") {
    CHECK_FALSE(stored(store, plan));
  } else {
    CHECK(see(store, plan) == Seen::whole);
  }
}

TEST_CASE("store touch: it holds its share of the bound until it is settled", "[store][touch]") {
  const TemporaryDirectory directory;
  CacheConfig config = config_at(directory.path(), 16u << 20);
  config.max_object_bytes = 50'000;
  config.max_pending_bytes = 64 * 1'024;
  Store store(config, kScopes, hasher(), make_fifo());
  Touch touch = touch_of(plan_of_length(100));
  touch.shared_fields.assign(60'000, 'x');
  auto write = store.begin(10'000);
  REQUIRE(write);
  REQUIRE(write->append(std::make_shared<const std::string>(10'000, 'x')));
  CHECK_FALSE(store.touch(touch, nullptr));
  write.reset();
  CHECK_FALSE(touch_and_wait(store, touch));
  CHECK(store.stats().pending_bytes == 0);
  CHECK(store.stats().writing_bytes == 0);
}

}  // namespace larder::test
