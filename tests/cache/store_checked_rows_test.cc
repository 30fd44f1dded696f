// SPDX-License-Identifier: Apache-2.0
#include "cache/store/checked_rows.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <sstream>

#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

constexpr WallTime kNow{1'000'000};

Store open_store(const std::string& path) {
  return Store(config_at(path, 16u << 20), 16, hasher(), make_fifo());
}

WallTime after(std::int64_t ms) {
  return {kNow.ms + ms};
}

std::optional<ObjectView> look(StoreReader& reader, const ObjectPlan& plan, WallTime now) {
  return reader.lookup(key_of(plan), canonical_of(plan), mac_of(plan.scope), now);
}

/// Flips the last octet of `bytes` in the file, as a rotten disk would, under the map's feet.
void rot(const std::string& path, std::string_view bytes) {
  const std::string wanted(bytes);
  std::stringstream whole;
  whole << std::ifstream(path, std::ios::binary).rdbuf();
  const auto at = whole.str().find(wanted);
  REQUIRE(at != std::string::npos);
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(at + wanted.size() - 1));
  file.put(static_cast<char>(wanted.back() ^ 1));
}

}  // namespace

TEST_CASE("store: a row is trusted for a while after it was checked, then checked anew",
          "[store]") {
  const TemporaryDirectory directory;
  Store store = open_store(directory.path());
  ObjectPlan plan;
  plan.length = 3'000;
  REQUIRE(put_and_wait(store, plan));
  StoreReader reader = store.reader();
  const auto first = look(reader, plan, kNow);
  REQUIRE(first);
  rot(directory.file("data.mdb"), first->body);
  reader.end_turn();
  CHECK(look(reader, plan, after(CheckedRows::kTrustMs - 1)));
  reader.end_turn();
  CHECK_FALSE(look(reader, plan, after(CheckedRows::kTrustMs)));
  CHECK(store.stats().corrupt == 1);
}

TEST_CASE("store: a reader that has not checked a row itself checks it", "[store]") {
  const TemporaryDirectory directory;
  Store store = open_store(directory.path());
  ObjectPlan plan;
  plan.length = 3'000;
  REQUIRE(put_and_wait(store, plan));
  StoreReader reader = store.reader();
  const auto first = look(reader, plan, kNow);
  REQUIRE(first);
  rot(directory.file("data.mdb"), first->body);
  StoreReader other = store.reader();
  CHECK_FALSE(look(other, plan, kNow));
}

TEST_CASE("store: what was checked once is found anew when other objects were stored since",
          "[store]") {
  const TemporaryDirectory directory;
  Store store = open_store(directory.path());
  StoreReader reader = store.reader();
  for (unsigned i = 0; i < 40; ++i) {
    ObjectPlan plan;
    plan.path = "/v3/entries/" + std::to_string(i);
    plan.length = 200 + 300 * i;
    REQUIRE(put_and_wait(store, plan));
    for (unsigned j = 0; j <= i; ++j) {
      ObjectPlan known;
      known.path = "/v3/entries/" + std::to_string(j);
      known.length = 200 + 300 * j;
      CAPTURE(i, j);
      const auto view = look(reader, known, kNow);
      REQUIRE(view);
      REQUIRE(view->body == body_of(known.seed, known.length));
    }
    reader.end_turn();
  }
}

TEST_CASE("store: a checked object that was replaced or purged is not given out again", "[store]") {
  const TemporaryDirectory directory;
  Store store = open_store(directory.path());
  ObjectPlan plan;
  plan.length = 900;
  REQUIRE(put_and_wait(store, plan));
  StoreReader reader = store.reader();
  REQUIRE(look(reader, plan, kNow));
  reader.end_turn();
  plan.seed = 7;
  REQUIRE(put_and_wait(store, plan));
  const auto replaced = look(reader, plan, kNow);
  REQUIRE(replaced);
  CHECK(replaced->body == body_of(plan.seed, plan.length));
  CHECK_FALSE(purge_and_wait(store, PurgeOrder{}).error.has_value());
  CHECK_FALSE(look(reader, plan, kNow));
}

}  // namespace larder::test
