// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <thread>

#include "cache/store/store.h"
#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

constexpr unsigned kUrls = 8;
constexpr int kReaders = 3;
constexpr int kRounds = 150;

ObjectPlan plan_of(unsigned url, std::uint64_t version) {
  ObjectPlan plan;
  plan.path = "/v3/entries/" + std::to_string(url);
  plan.scope = url % 2;
  plan.seed = version;
  plan.length = url == 0 ? 200'000 : 2'000;
  return plan;
}

PurgeOrder order_of(unsigned url, std::uint64_t round) {
  PurgeOrder order;
  if (round % 5 == 0) return order;  // all
  order.what = PurgeOrder::What::url;
  order.path = plan_of(url, 0).path;
  return order;
}

struct Race {
  explicit Race(Store& store_in) : store(store_in) {}

  /// Versions below these were purged, and that was acknowledged.
  std::array<std::atomic<std::uint64_t>, kUrls> floor{};
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> wrong{0}, outdated{0}, hits{0};
  Store& store;

  void look(StoreReader& reader, unsigned url) {
    const std::uint64_t least = floor[url].load(std::memory_order_acquire);
    const ObjectPlan plan = plan_of(url, 0);
    const auto view =
        reader.lookup(key_of(plan), canonical_of(plan), mac_of(plan.scope), WallTime{});
    if (!view) return;
    hits.fetch_add(1, std::memory_order_relaxed);
    reader.count_hit(view->slot, 0);
    const std::uint64_t version = std::stoull(std::string(view->shared_fields.substr(8)));
    if (version < least) outdated.fetch_add(1);
    if (view->chunk_count == 0 && view->body != body_of(version, plan.length)) wrong.fetch_add(1);
  }

  void read() {
    StoreReader reader = store.reader();
    for (unsigned i = 0; !over.load(std::memory_order_relaxed); ++i) {
      look(reader, i % kUrls);
      if (i % 7 == 0) reader.end_turn();
    }
  }
};

}  // namespace

TEST_CASE("store: no reader ever sees a version after its purge was acknowledged",
          "[store][race]") {
  const TemporaryDirectory directory;
  Store store(config_at(directory.path()), 100, hasher(), make_fifo());
  Race race(store);
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) readers.emplace_back([&] { race.read(); });
  for (std::uint64_t round = 1; round <= kRounds; ++round) {
    const auto url = static_cast<unsigned>(round % kUrls);
    // Several versions on their way when the purge comes; another one right behind it.
    for (unsigned other = 0; other < kUrls; ++other) {
      const ObjectPlan plan = plan_of(other, 2 * round);
      REQUIRE(put(store, make_object(plan), label_of(plan.scope), nullptr));
    }
    const PurgeOrder order = order_of(url, round);
    const bool all = order.what == PurgeOrder::What::all;
    Outcome<bool> purged;
    store.purge(order, [&](PurgeResult result) {
      for (unsigned other = 0; other < kUrls; ++other) {
        if (all || other == url) race.floor[other].store(2 * round + 1, std::memory_order_release);
      }
      purged.set(!result.error);
    });
    const ObjectPlan next = plan_of(url, 2 * round + 1);
    REQUIRE(put(store, make_object(next), label_of(next.scope), nullptr));
    REQUIRE(purged.wait());
  }
  race.over = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(race.outdated == 0);
  CHECK(race.wrong == 0);
  CHECK(race.hits > 0);
  CHECK(store.stats().corrupt == 0);
}

TEST_CASE("store: readers may end while the writer is at work, and the store with puts waiting",
          "[store][race]") {
  for (int round = 0; round < 20; ++round) {
    const TemporaryDirectory directory;
    std::atomic<int> settled{0};
    int handed_over = 0;
    {
      Store store(config_at(directory.path()), 100, hasher(), make_fifo());
      std::thread reader([&] {
        for (int i = 0; i < 50; ++i) static_cast<void>(see(store, plan_of(1, 1)));
      });
      for (unsigned i = 0; i < 100; ++i) {
        const ObjectPlan plan = plan_of(i, i);
        if (put(store, make_object(plan), label_of(plan.scope), [&](bool) { ++settled; }))
          ++handed_over;
      }
      reader.join();
    }
    CHECK(settled == handed_over);
    const Store store(config_at(directory.path()), 100, hasher(), make_fifo());
    CHECK(store.stats().objects == static_cast<std::uint64_t>(handed_over));
  }
}

}  // namespace larder::test
