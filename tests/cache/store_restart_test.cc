// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <filesystem>
#include <fstream>

#include "cache/store/store.h"
#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

ObjectPlan plan_of(unsigned number) {
  ObjectPlan plan;
  plan.path = "/v3/entries/" + std::to_string(number);
  plan.scope = number % 3;
  plan.seed = number + 1;
  plan.length = number % 10 == 0 ? 200'000 : 3'000;
  return plan;
}

std::unique_ptr<Store> open_store(const std::string& path, const KeyHasher& keys = hasher(),
                                  Bytes size = 64u << 20) {
  return std::make_unique<Store>(config_at(path, size), 100, keys, make_fifo());
}

void fill(Store& store, unsigned from, unsigned to) {
  Countdown stored(to - from);
  for (unsigned i = from; i < to; ++i) {
    const ObjectPlan plan = plan_of(i);
    LARDER_CHECK(
        put(store, make_object(plan), label_of(plan.scope), [&](bool) { stored.one_less(); }));
  }
  stored.wait();
}

bool quarantined(const TemporaryDirectory& directory) {
  return std::filesystem::exists(directory.file("data.mdb.quarantined"));
}

/// What a policy is told and asked for, over one life of a store.
struct PolicyRecord {
  std::vector<std::uint64_t> hashes;  ///< in the order of on_store()
  std::vector<EvictionState> states;
  double floor = 0;                ///< what it says
  double restored_floor = 0;       ///< what it was told
  std::size_t restored_after = 0;  ///< so many on_store()
};

class Recorder final : public EvictionPolicy {
 public:
  explicit Recorder(PolicyRecord& record) : record_(record) {}
  Newcomer on_miss(std::uint64_t, std::uint32_t, std::uint64_t) override { return {{}, true}; }
  void on_store(std::uint32_t slot, std::uint64_t hash, std::uint32_t, const EvictionState& state,
                EvictionTick) override {
    record_.hashes.push_back(hash);
    record_.states.push_back(state);
    if (slot >= states_.size()) states_.resize(slot + 1);
    states_[slot] = {state.frequency + static_cast<std::uint32_t>(hash % 100),
                     static_cast<double>(hash % 1'000) / 7};
  }
  void on_hit(std::uint32_t, EvictionTick) noexcept override {}
  void on_remove(std::uint32_t, std::uint64_t) override {}
  void on_clear() override {}
  std::optional<std::uint32_t> victim() override { return std::nullopt; }
  EvictionState state(std::uint32_t slot) const override { return states_.at(slot); }
  double floor() const override { return record_.floor; }
  void on_restored(double floor) override {
    record_.restored_floor = floor;
    record_.restored_after = record_.hashes.size();
  }

 private:
  PolicyRecord& record_;
  std::vector<EvictionState> states_;
};

}  // namespace

TEST_CASE("store: what was stored is there after a restart, and says so", "[store][restart]") {
  const TemporaryDirectory directory;
  auto store = open_store(directory.path());
  CHECK_FALSE(store->stats().warm);
  fill(*store, 0, 200);
  store.reset();
  store = open_store(directory.path());
  CHECK(store->stats().warm);
  CHECK(store->stats().objects == 200);
  for (unsigned i = 0; i < 200; ++i) REQUIRE(see(*store, plan_of(i)) == Seen::whole);
  drain(*store);
  CHECK(store->stats().scopes == 3);
  CHECK(store->stats().objects == 200);
  // It goes on as before: replacing, purging by what scopes are called.
  fill(*store, 100, 300);
  CHECK(store->stats().replaced == 90);
  CHECK(store->stats().touched == 10);  // the large ones, with the same bytes
  PurgeOrder order;
  order.what = PurgeOrder::What::scope;
  order.branch = "next";
  order.hard = true;
  CHECK(purge_and_wait(*store, order).objects == 100);
  for (unsigned i = 0; i < 300; ++i) {
    CAPTURE(i);
    REQUIRE(see(*store, plan_of(i)) == (i % 3 == 1 ? Seen::absent : Seen::whole));
  }
  CHECK_FALSE(quarantined(directory));
}

TEST_CASE("store: eviction goes on after a restart where it was", "[store][restart]") {
  const TemporaryDirectory directory;
  constexpr Bytes kSize = 16u << 20;
  auto store = open_store(directory.path(), hasher(), kSize);
  fill(*store, 1, 200);
  store.reset();
  store = open_store(directory.path(), hasher(), kSize);
  unsigned last = 200;
  while (store->stats().evicted == 0) fill(*store, last, last + 10), last += 10;
  fill(*store, last, last + 50);
  last += 50;
  // FIFO: the ones that left are the oldest.
  const auto gone = static_cast<unsigned>(store->stats().evicted);
  REQUIRE(gone < 150);
  for (unsigned i = 1; i < last; ++i) {
    CAPTURE(i, gone, last);
    REQUIRE(see(*store, plan_of(i)) == (i <= gone ? Seen::absent : Seen::whole));
  }
}

TEST_CASE("store: the policy gets its objects back in store order with their states",
          "[store][restart]") {
  const TemporaryDirectory directory;
  PolicyRecord before;
  PolicyRecord after;
  before.floor = 12.5;
  {
    Store store(config_at(directory.path()), 100, hasher(), std::make_unique<Recorder>(before));
    fill(store, 1, 101);
    fill(store, 1, 10);  // replaced: to the end of the order, frequency kept
  }
  {
    const Store store(config_at(directory.path()), 100, hasher(),
                      std::make_unique<Recorder>(after));
  }
  REQUIRE(before.hashes.size() == 109);
  const std::vector<std::uint64_t> alive(before.hashes.begin() + 9, before.hashes.end());
  CHECK(after.hashes == alive);
  for (std::size_t i = 0; i < after.hashes.size(); ++i) {
    const auto hits = static_cast<std::uint32_t>(after.hashes[i] % 100);
    CHECK(after.states[i].frequency == (i < 91 ? hits : 2 * hits));
    CHECK(after.states[i].priority == static_cast<double>(after.hashes[i] % 1'000) / 7);
  }
  CHECK(after.restored_floor == 12.5);
  CHECK(after.restored_after == alive.size());
}

TEST_CASE("store: rows under another install secret are given up", "[store][restart]") {
  const TemporaryDirectory directory;
  fill(*open_store(directory.path()), 0, 10);
  const KeyHasher other(secret_of(8));
  const auto store = open_store(directory.path(), other);
  CHECK_FALSE(store->stats().warm);
  CHECK(store->stats().objects == 0);
  CHECK(quarantined(directory));
}

TEST_CASE("store: another size keeps the objects", "[store][restart]") {
  const TemporaryDirectory directory;
  fill(*open_store(directory.path(), hasher(), 32u << 20), 0, 100);
  for (const Bytes size : {64u << 20, 16u << 20}) {
    CAPTURE(size);
    const auto store = open_store(directory.path(), hasher(), size);
    CHECK(store->stats().objects == 100);
    CHECK(store->stats().map_bytes == size);
    CHECK(std::filesystem::file_size(directory.file("data.mdb")) == size);
    for (unsigned i = 0; i < 100; ++i) REQUIRE(see(*store, plan_of(i)) == Seen::whole);
  }
}

TEST_CASE("store: starts that do not get through make the next one begin anew",
          "[store][restart]") {
  const TemporaryDirectory directory;
  fill(*open_store(directory.path()), 0, 10);
  // What a start leaves behind that dies while it opens the database.
  std::ofstream(directory.file("starting")) << "?";
  CHECK(open_store(directory.path())->stats().warm);
  CHECK_FALSE(std::filesystem::exists(directory.file("starting")));
  std::ofstream(directory.file("starting")) << "??";
  CHECK_FALSE(open_store(directory.path())->stats().warm);
  CHECK(quarantined(directory));
  fill(*open_store(directory.path()), 0, 10);
  CHECK(open_store(directory.path())->stats().warm);
}

}  // namespace larder::test
