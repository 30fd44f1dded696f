// SPDX-License-Identifier: Apache-2.0
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cmath>
#include <map>
#include <random>

#include "cache/store/store.h"
#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

/// FIFO that remembers what it was told that its objects cost.
class Accountant final : public EvictionPolicy {
 public:
  explicit Accountant(std::uint64_t& sum) : sum_(sum) {}
  Newcomer on_miss(std::uint64_t, std::uint32_t, std::uint64_t) override { return {{}, true}; }
  void on_store(std::uint32_t slot, std::uint64_t hash, std::uint32_t cost,
                const EvictionState& state, EvictionTick now) override {
    costs_[slot] = cost;
    sum_ += cost;
    fifo_->on_store(slot, hash, cost, state, now);
  }
  void on_hit(std::uint32_t, EvictionTick) noexcept override {}
  void on_remove(std::uint32_t slot, std::uint64_t hash) override {
    sum_ -= costs_.at(slot);
    costs_.erase(slot);
    fifo_->on_remove(slot, hash);
  }
  void on_clear() override {
    sum_ = 0;
    costs_.clear();
    fifo_->on_clear();
  }
  std::optional<std::uint32_t> victim() override { return fifo_->victim(); }
  EvictionState state(std::uint32_t slot) const override { return fifo_->state(slot); }

 private:
  std::unique_ptr<EvictionPolicy> fifo_ = make_fifo();
  std::map<std::uint32_t, std::uint32_t> costs_;
  std::uint64_t& sum_;
};

struct Mix {
  const char* name;
  std::size_t shortest, longest;
};

/// Log-uniform between the two, as bodies in the world nearly are.
std::size_t length_of(const Mix& mix, std::mt19937_64& random) {
  const double from = std::log(static_cast<double>(mix.shortest));
  const double to = std::log(static_cast<double>(mix.longest));
  return static_cast<std::size_t>(
      std::exp(std::uniform_real_distribution<double>(from, to)(random)));
}

/// Puts objects of new keys until they are `bytes` together.
void pour(Store& store, const Mix& mix, std::uint64_t bytes, std::uint64_t& number) {
  std::mt19937_64 random(number + 1);
  std::uint64_t poured = 0;
  while (poured < bytes) {
    ObjectPlan plan;
    plan.path = "/v3/entries/" + std::to_string(number);
    plan.scope = static_cast<unsigned>(number % 5);
    plan.seed = number;
    plan.length = length_of(mix, random);
    poured += plan.length;
    ++number;
    while (!put(store, make_object(plan), label_of(plan.scope), nullptr)) drain(store);
  }
  drain(store);
}

double live_share(const StoreStats& stats) {
  return static_cast<double>(stats.live_pages * stats.page_bytes) /
         static_cast<double>(stats.map_bytes);
}

}  // namespace

TEST_CASE("store: many times its size goes through without a full map, 70 % stays in use",
          "[store][pressure]") {
  const Mix mix = GENERATE(values<Mix>({
      {"small", 200, 2'000},
      {"pages", 2'000, 9'000},
      {"usual", 500, 200'000},
      {"large", 100'000, 500'000},
  }));
  const Bytes size = GENERATE(values<Bytes>({2u << 20, 16u << 20, 64u << 20}));
  CAPTURE(mix.name, size);
  const TemporaryDirectory directory;
  std::uint64_t cost = 0;
  Store store(config_at(directory.path(), size), 100, hasher(), std::make_unique<Accountant>(cost));
  std::uint64_t number = 0;
  Mix fitting = mix;
  fitting.longest = std::min<std::size_t>(mix.longest, store.max_object_bytes());
  fitting.shortest = std::min(fitting.shortest, fitting.longest / 2);
  pour(store, fitting, size, number);
  // Small objects are many: their turnover is in the objects, not in the bytes.
  const unsigned turns = (mix.longest <= 2'000 ? 4 : 20) / kSlowness;
  for (unsigned turn = 0; turn < turns; ++turn) {
    CAPTURE(turn);
    pour(store, fitting, size, number);
    const StoreStats stats = store.stats();
    CAPTURE(stats.objects, stats.live_pages, stats.file_bytes, stats.evicted);
    REQUIRE(stats.dropped_map_full == 0);
    REQUIRE(stats.map_full == 0);
    REQUIRE(stats.failed_commits == 0);
    CHECK(live_share(stats) >= 0.70);
    CHECK(live_share(stats) <= 0.85);
    CHECK(stats.file_bytes <= size);
    // The policy is told the truth about what objects cost.
    const double share =
        static_cast<double>(cost) / static_cast<double>(stats.live_pages * stats.page_bytes);
    CHECK(share > 0.90);
    CHECK(share < 1.10);
  }
}

TEST_CASE("store: objects beyond use leave before older ones that are not", "[store][pressure]") {
  const TemporaryDirectory directory;
  constexpr Bytes kSize = 8u << 20;
  Store store(config_at(directory.path(), kSize), 100, hasher(), make_fifo());
  const auto plan_of = [](unsigned i) {
    ObjectPlan plan;
    plan.path = "/v3/entries/" + std::to_string(i);
    plan.length = 20'000;
    plan.seed = i + 1;
    plan.valid_ms = i % 3 == 1 ? -60'000 : 3'600'000;
    return plan;
  };
  unsigned i = 0;
  while (store.stats().evicted == 0) REQUIRE(put_and_wait(store, plan_of(i++)));
  // Up to a third may leave before the first of the others does.
  for (const unsigned end = i + 40; i < end; ++i) REQUIRE(put_and_wait(store, plan_of(i)));
  for (unsigned old = 0; old < i - 60; ++old) {
    CAPTURE(old, i);
    if (old % 3 != 1) CHECK(see(store, plan_of(old)) == Seen::whole);
  }
}

namespace {

/// A tmpfs of its own.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& path) : path_(path) {
    mounted_ =
        ::geteuid() == 0 && ::mount("none", path.c_str(), "tmpfs", 0, "size=8m,mode=0700") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  std::string path_;
  bool mounted_ = false;
};

}  // namespace

TEST_CASE("store: on a full disk it goes on serving and storing within what it has",
          "[store][disk]") {
  const TemporaryDirectory directory;
  const SmallDisk disk(directory.path());
  if (!disk.mounted()) SKIP("needs root to mount a tmpfs of 8 MiB");
  Store store(config_at(directory.path(), 64u << 20), 100, hasher(), make_fifo());
  const auto plan_of = [](unsigned i) {
    ObjectPlan plan;
    plan.path = "/v3/entries/" + std::to_string(i);
    plan.length = 20'000;
    plan.seed = i + 1;
    return plan;
  };
  unsigned stored = 0;
  while (store.stats().evicted == 0 && put_and_wait(store, plan_of(stored))) ++stored;
  CAPTURE(stored);
  CHECK(stored > 100);
  const StoreStats full = store.stats();
  CHECK(full.file_bytes < 9u << 20);
  for (auto i = static_cast<unsigned>(full.evicted); i < stored; ++i) {
    REQUIRE(see(store, plan_of(i)) == Seen::whole);
  }
  unsigned later = 0;
  for (unsigned i = 1'000; i < 2'000; ++i) later += put_and_wait(store, plan_of(i)) ? 1 : 0;
  CHECK(later > 900);
  CHECK(see(store, plan_of(1'999)) == Seen::whole);
  CHECK_FALSE(purge_and_wait(store, PurgeOrder{}).error);
  CHECK(see(store, plan_of(1'999)) == Seen::absent);
  CHECK(store.stats().begun_anew == 0);
}

}  // namespace larder::test
