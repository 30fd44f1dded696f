// SPDX-License-Identifier: Apache-2.0
#include "cache/eviction/gdsf.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cmath>
#include <map>
#include <thread>

#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

constexpr std::uint64_t hash_of(std::uint32_t key) {
  return key * 0x9E3779B97F4A7C15u;
}

/// An object of this key under the slot of the same number.
void store(Gdsf& policy, std::uint32_t key, std::uint32_t cost, EvictionTick now) {
  const auto newcomer = policy.on_miss(hash_of(key), cost, 0);
  REQUIRE(newcomer.admitted);
  policy.on_store(key, hash_of(key), cost, newcomer.state, now);
}

void evict(Gdsf& policy, std::uint32_t key) {
  REQUIRE(policy.victim() == key);
  policy.on_remove(key, hash_of(key));
}

bool admits(Gdsf& policy, std::uint32_t key, std::uint32_t cost, std::uint64_t must_leave) {
  return policy.on_miss(hash_of(key), cost, must_leave).admitted;
}

std::vector<std::uint32_t> empty_out(EvictionPolicy& policy) {
  std::vector<std::uint32_t> order;
  while (const auto slot = policy.victim()) {
    order.push_back(*slot);
    policy.on_remove(*slot, hash_of(*slot));
  }
  return order;
}

/// The policy as its header says it, without any cleverness.
class Model {
 public:
  struct Object {
    std::uint32_t cost, frequency;
    double priority;
    EvictionTick touched;
  };
  std::map<std::uint32_t, Object> objects;

  std::uint32_t miss(std::uint32_t key) {
    const std::uint32_t frequency = memory_[key] + 1;
    raise(key, frequency);
    if (++misses_ >= 5'000) {  // there are never more than 62 objects
      misses_ = 0;
      for (auto& [known, count] : memory_) count /= 2;
    }
    return frequency;
  }
  bool admits(std::uint32_t cost, std::uint32_t frequency, std::uint64_t must_leave) const {
    std::map<std::uint32_t, Object> left = objects;
    for (std::uint64_t sum = 0; sum < must_leave && !left.empty();) {
      const auto first = lowest(left);
      if (left.at(first).priority > priority(cost, frequency)) return false;
      sum += left.at(first).cost;
      left.erase(first);
    }
    return true;
  }
  void add(std::uint32_t key, std::uint32_t cost, std::uint32_t frequency, EvictionTick now) {
    objects[key] = {cost, frequency, priority(cost, frequency), now};
  }
  void hit(std::uint32_t key, EvictionTick now) {
    Object& object = objects.at(key);
    add(key, object.cost, object.frequency + 1, now);
  }
  void remove(std::uint32_t key) {
    raise(key, objects.at(key).frequency);
    objects.erase(key);
  }
  std::uint32_t victim() {
    const std::uint32_t first = lowest(objects);
    floor_ = std::max(floor_, objects.at(first).priority);
    return first;
  }

 private:
  static std::uint32_t lowest(const std::map<std::uint32_t, Object>& of) {
    return std::min_element(of.begin(), of.end(),
                            [](const auto& a, const auto& b) {
                              return std::pair(a.second.priority, a.second.touched) <
                                     std::pair(b.second.priority, b.second.touched);
                            })
        ->first;
  }
  double priority(std::uint32_t cost, std::uint32_t frequency) const {
    return floor_ + frequency * static_cast<double>(static_cast<float>(std::pow(cost, -1.4)));
  }
  void raise(std::uint32_t key, std::uint32_t frequency) {
    memory_[key] = std::max(memory_[key], std::min(frequency, 255u));
  }

  std::map<std::uint32_t, std::uint32_t> memory_;
  std::uint64_t misses_ = 0;
  double floor_ = 0;
};

constexpr GdsfOptions kUnfiltered{.write_filter = false};

}  // namespace

TEST_CASE("gdsf: does what a model does that looks at everything", "[eviction]") {
  Gdsf policy(kUnfiltered);
  Model model;
  Numbers numbers(5);
  for (EvictionTick tick = 1; tick < 60'000; ++tick) {
    // Half of the keys are asked for much more often than the other.
    const auto key = static_cast<std::uint32_t>(numbers() % (numbers() % 4 == 0 ? 400 : 40));
    if (model.objects.contains(key)) {
      if (numbers() % 50 == 0) {
        policy.on_remove(key, hash_of(key));
        model.remove(key);
      } else {
        policy.on_hit(key, tick);
        model.hit(key, tick);
        REQUIRE(policy.state(key).frequency == model.objects.at(key).frequency);
        REQUIRE(policy.state(key).priority == model.objects.at(key).priority);
      }
      continue;
    }
    const std::uint32_t cost = 1'000 + hash_of(key) % 5 * 700;
    const std::uint64_t must_leave = model.objects.size() < 60 ? 0 : cost;
    const auto newcomer = policy.on_miss(hash_of(key), cost, must_leave);
    const std::uint32_t frequency = model.miss(key);
    CAPTURE(tick, key, cost);
    REQUIRE(newcomer.state.frequency == frequency);
    REQUIRE(newcomer.admitted == model.admits(cost, frequency, must_leave));
    if (!newcomer.admitted) continue;
    for (std::uint64_t left = 0; left < must_leave;) {
      const std::uint32_t victim = model.victim();
      REQUIRE(policy.victim() == victim);
      left += model.objects.at(victim).cost;
      policy.on_remove(victim, hash_of(victim));
      model.remove(victim);
    }
    policy.on_store(key, hash_of(key), cost, newcomer.state, tick);
    model.add(key, cost, frequency, tick);
  }
}

TEST_CASE("gdsf: what is used seldom for its size leaves first", "[eviction]") {
  Gdsf policy;
  store(policy, 0, 10'000, 1);
  store(policy, 1, 1'000, 2);
  store(policy, 2, 1'000, 3);
  store(policy, 3, 20'000, 4);
  store(policy, 4, 10'000, 5);
  policy.on_hit(1, 6);
  policy.on_hit(4, 7);
  CHECK(empty_out(policy) == std::vector<std::uint32_t>{3, 0, 4, 2, 1});
}

TEST_CASE("gdsf: among equals the least recently used leaves first, also when ticks wrap",
          "[eviction]") {
  const EvictionTick start = GENERATE(1u, 0xFFFFFFFEu);
  CAPTURE(start);
  Gdsf policy;
  for (std::uint32_t key = 0; key < 5; ++key) store(policy, key, 4'096, start + key);
  CHECK(empty_out(policy) == std::vector<std::uint32_t>{0, 1, 2, 3, 4});
}

TEST_CASE("gdsf: ticks that go round many times keep the order", "[eviction]") {
  Gdsf policy;
  for (std::uint32_t key = 0; key < 40; ++key) store(policy, key, 4'096, key << 29);
  REQUIRE(policy.victim());
  CHECK(*policy.victim() < 38);
  policy.on_hit(*policy.victim(), 40u << 29);
  const auto order = empty_out(policy);
  CHECK(order[order.size() - 2] == 39);
}

TEST_CASE("gdsf: says how often a slot was used, of free ones nothing", "[eviction]") {
  Gdsf policy;
  store(policy, 1, 4'096, 0);
  store(policy, 2, 4'096, 0);
  const auto before = policy.uses(1);
  for (int i = 0; i < 5; ++i) policy.on_hit(1, 1);
  CHECK(policy.uses(1) == before + 5);
  CHECK(policy.uses(2) < policy.uses(1));
  policy.on_remove(1, hash_of(1));
  CHECK(policy.uses(1) == 0);
  CHECK(policy.uses(4'000'000'000) == 0);
}

TEST_CASE("gdsf: what is no longer used falls behind", "[eviction]") {
  Gdsf policy;
  store(policy, 0, 1'000, 1);
  for (EvictionTick tick = 2; tick < 20; ++tick) policy.on_hit(0, tick);
  // New ones come and go; each raises the floor.
  std::uint32_t key = 1;
  for (; key < 1'000; ++key) {
    store(policy, key, 1'000, 100 + key);
    if (policy.victim() == 0u) break;
    evict(policy, key);
  }
  CHECK(key == 19);
}

TEST_CASE("gdsf: a newcomer has to be worth those who would leave for it", "[eviction]") {
  struct Case {
    const char* name;
    std::uint32_t misses;  // of the newcomer until now
    std::uint32_t cost;
    std::uint64_t must_leave;
    bool admitted;
  };
  const auto c = GENERATE(values<Case>({
      {"seen once, where there is room", 0, 50'000, 0, true},
      {"as good as the lowest", 0, 10'000, 10'000, true},
      {"larger than the lowest", 0, 10'001, 10'000, false},
      {"larger, but asked for before", 1, 10'001, 10'000, true},
      {"worth the lowest, but not the next", 1, 16'000, 16'000, false},
      {"asked for often enough for both", 9, 16'000, 16'000, true},
      {"larger than all together", 250, 60'000, 60'000, true},
  }));
  DYNAMIC_SECTION(c.name) {
    Gdsf policy(kUnfiltered);
    store(policy, 0, 10'000, 1);
    store(policy, 1, 10'000, 2);
    policy.on_hit(1, 3);
    policy.on_hit(1, 4);
    for (std::uint32_t i = 0; i < c.misses; ++i) admits(policy, 7, c.cost, 0);
    CHECK(admits(policy, 7, c.cost, c.must_leave) == c.admitted);
    CHECK(policy.victim() == 0u);  // whoever was looked at is still there
    CHECK(empty_out(policy).size() == 2);
  }
}

TEST_CASE("gdsf: the write filter refuses what is new and larger than the average newcomer",
          "[eviction]") {
  const bool filtered = GENERATE(true, false);
  CAPTURE(filtered);
  Gdsf policy(GdsfOptions{.write_filter = filtered});
  store(policy, 0, 50'000, 1);
  store(policy, 1, 10'000, 2);  // the average is now 30,000
  CHECK(admits(policy, 2, 40'000, 40'000) == !filtered);
  CHECK(admits(policy, 2, 40'000, 40'000));  // no longer new
  CHECK(admits(policy, 3, 20'000, 20'000));
  CHECK(admits(policy, 4, 40'000, 0));
}

TEST_CASE("gdsf: frequencies outlive the object, whatever ended it", "[eviction]") {
  Gdsf policy;
  store(policy, 0, 1'000, 1);
  for (EvictionTick tick = 2; tick < 10; ++tick) policy.on_hit(0, tick);
  CHECK(policy.state(0).frequency == 9);
  policy.on_remove(0, hash_of(0));
  CHECK(policy.on_miss(hash_of(0), 1'000, 0).state.frequency == 10);
  CHECK(policy.on_miss(hash_of(0), 1'000, 0).state.frequency == 11);
  CHECK(policy.on_miss(hash_of(1), 1'000, 0).state.frequency == 1);
}

TEST_CASE("gdsf: what is remembered of keys ages with the misses", "[eviction]") {
  Gdsf policy;
  for (int i = 0; i < 64; ++i) policy.on_miss(hash_of(0), 1'000, 0);
  for (std::uint32_t key = 1; key <= 5'000; ++key) policy.on_miss(hash_of(key), 1'000, 0);
  CHECK(policy.on_miss(hash_of(0), 1'000, 0).state.frequency == 33);
}

TEST_CASE("gdsf: an object that replaces another keeps its frequency and counts as just used",
          "[eviction]") {
  Gdsf policy;
  store(policy, 0, 1'000, 1);
  for (EvictionTick tick = 2; tick < 5; ++tick) policy.on_hit(0, tick);
  const EvictionState before = policy.state(0);
  policy.on_remove(0, hash_of(0));
  policy.on_store(0, hash_of(0), 500, {before.frequency, EvictionState::kJustUsed}, 6);
  CHECK(policy.state(0).frequency == 4);
  CHECK(policy.state(0).priority > before.priority);
}

TEST_CASE("gdsf: a restart with the saved states changes nothing", "[eviction]") {
  Gdsf before;
  Numbers numbers(9);
  std::map<std::uint32_t, std::uint32_t> costs;
  for (std::uint32_t key = 0; key < 300; ++key) {
    costs[key] = 1'000 + static_cast<std::uint32_t>(numbers() % 5'000);
    store(before, key, costs[key], key);
    if (key >= 100) {
      const std::uint32_t gone = *before.victim();
      evict(before, gone);
      costs.erase(gone);
    }
    if (costs.contains(key / 2)) before.on_hit(key / 2, key);
  }
  Gdsf after;
  for (const auto& [key, cost] : costs) {
    after.on_store(key, hash_of(key), cost, before.state(key), 1'000);
  }
  // The scale goes on: what is used or stored from now on stands where it would have stood. (The
  // floor may lie a little higher: it is that of the lowest one there.)
  CHECK(after.state(costs.rbegin()->first).priority ==
        before.state(costs.rbegin()->first).priority);
  before.on_hit(costs.begin()->first, 2'000);
  after.on_hit(costs.begin()->first, 2'000);
  REQUIRE(before.victim());
  CHECK(before.victim() == after.victim());
  const auto order = empty_out(before);
  CHECK(order.size() == costs.size());
  CHECK(order == empty_out(after));
}

TEST_CASE("gdsf: after a crash, what was used since its state was saved does not leave first",
          "[eviction]") {
  Gdsf before;
  for (std::uint32_t key = 0; key < 40; ++key) store(before, key, 1'000, key);
  const EvictionState saved_early = before.state(0);
  EvictionTick tick = 100;
  std::uint32_t next = 40;
  for (int round = 0; round < 80; ++round) {  // the floor rises far beyond what was saved
    before.on_hit(0, tick++);
    evict(before, *before.victim());
    store(before, next++, 1'000, tick++);
  }
  Gdsf after;
  after.on_store(0, hash_of(0), 1'000, saved_early, 1);
  for (std::uint32_t key = next - 10; key < next; ++key) {
    after.on_store(key, hash_of(key), 1'000, before.state(key), 1);
  }
  SECTION("with the floor") {
    after.on_restored(before.floor());
    CHECK(after.floor() == before.floor());
    CHECK(after.victim() != 0u);
    store(after, next, 1'000, 2);
    CHECK(after.state(next).priority >= before.floor());
  }
  SECTION("one that makes no sense is none") {
    after.on_restored(GENERATE(std::nan(""), HUGE_VAL, -HUGE_VAL, -1.0, 0.0));
    CHECK(after.victim() == 0u);
  }
}

TEST_CASE("gdsf: states that make no sense count as none", "[eviction]") {
  const double priority = GENERATE(-1.0, -1e300, std::nan(""), HUGE_VAL, -HUGE_VAL);
  CAPTURE(priority);
  Gdsf policy;
  policy.on_store(0, hash_of(0), 1'000, {0, priority}, 1);
  policy.on_store(1, hash_of(1), 0, {3, priority}, 2);
  CHECK(policy.state(0).frequency == 1);
  CHECK(policy.state(1).frequency == 3);
  CHECK(empty_out(policy) == std::vector<std::uint32_t>{0, 1});
}

TEST_CASE("gdsf: a removal that is undone leaves the order as it was", "[eviction]") {
  Gdsf policy;
  for (std::uint32_t key = 0; key < 10; ++key) store(policy, key, 1'000 + key, key);
  std::vector<std::pair<std::uint32_t, EvictionState>> removed;
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t slot = *policy.victim();
    removed.emplace_back(slot, policy.state(slot));
    policy.on_remove(slot, hash_of(slot));
  }
  for (auto one = removed.rbegin(); one != removed.rend(); ++one) {
    policy.on_store(one->first, hash_of(one->first), 1'000 + one->first, one->second, 20);
  }
  store(policy, 20, 1'000, 21);
  CHECK(empty_out(policy) == std::vector<std::uint32_t>{9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 20});
}

TEST_CASE("gdsf: begins again after all have left at once", "[eviction]") {
  Gdsf policy;
  for (std::uint32_t key = 0; key < 10; ++key) store(policy, key, 1'000, key);
  policy.on_clear();
  CHECK_FALSE(policy.victim());
  policy.on_hit(3, 20);  // a late worker
  for (std::uint32_t key = 5; key < 8; ++key) store(policy, key, 1'000, 30 + key);
  CHECK(empty_out(policy) == std::vector<std::uint32_t>{5, 6, 7});
}

TEST_CASE("gdsf: workers hit while the writer stores, removes and evicts", "[eviction][race]") {
  Gdsf policy;
  std::atomic<bool> stop{false};
  std::vector<std::thread> workers;
  for (std::uint64_t worker = 0; worker < 3; ++worker) {
    workers.emplace_back([&policy, &stop, worker] {
      Numbers numbers(worker);
      for (EvictionTick tick = 0; !stop; ++tick) {
        policy.on_hit(static_cast<std::uint32_t>(numbers() % 6'000), tick);
      }
    });
  }
  Numbers numbers(77);
  std::vector<bool> there(5'000);
  for (EvictionTick tick = 0; tick < 100'000 / kSlowness; ++tick) {
    const auto key = static_cast<std::uint32_t>(numbers() % there.size());
    if (there[key]) {
      policy.on_remove(key, hash_of(key));
      there[key] = false;
    } else if (const auto newcomer = policy.on_miss(hash_of(key), 1'000 + key, tick % 2 * 1'000);
               newcomer.admitted) {
      policy.on_store(key, hash_of(key), 1'000 + key, newcomer.state, tick);
      there[key] = true;
    }
    if (tick % 3 == 0) {
      const auto slot = policy.victim();
      if (!slot) continue;
      policy.on_remove(*slot, hash_of(*slot));
      there[*slot] = false;
    }
  }
  stop = true;
  for (std::thread& worker : workers) worker.join();
  double last = 0;
  while (const auto slot = policy.victim()) {
    REQUIRE(there[*slot]);
    REQUIRE(policy.state(*slot).priority >= last);
    last = policy.state(*slot).priority;
    policy.on_remove(*slot, hash_of(*slot));
    there[*slot] = false;
  }
  CHECK(std::find(there.begin(), there.end(), true) == there.end());
}

}  // namespace larder::test
