// SPDX-License-Identifier: Apache-2.0
#include "cache/eviction/victim_heap.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <map>

#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

struct Use {
  double priority;
  std::uint64_t touched;
};

/// What the heap says, found by looking at all.
class Model {
 public:
  std::map<std::uint32_t, Use> uses;

  std::uint32_t lowest() const {
    auto least = uses.begin();
    for (auto one = uses.begin(); one != uses.end(); ++one) {
      const Use& a = one->second;
      const Use& b = least->second;
      if (a.priority < b.priority || (a.priority == b.priority && a.touched < b.touched)) {
        least = one;
      }
    }
    return least->first;
  }
};

void set(UseRecords& records, std::uint32_t slot, const Use& use) {
  UseRecord& record = records.make(slot);
  record.priority = use.priority;
  record.touched = static_cast<std::uint32_t>(use.touched);
}

}  // namespace

TEST_CASE("victim heap: names the lowest, although hits do not tell it", "[eviction]") {
  // The ticks wrap in the middle of it.
  const std::uint64_t start = GENERATE(as<std::uint64_t>{}, 0, 0xFFFFFFFF - 10'000);
  UseRecords records;
  VictimHeap heap(records);
  Model model;
  Numbers numbers(start + 3);
  CHECK_FALSE(heap.lowest());
  for (std::uint64_t tick = start; tick < start + 20'000; ++tick) {
    const auto slot = static_cast<std::uint32_t>(numbers() % 200);
    const auto known = model.uses.find(slot);
    // Few different priorities, so that many are equal.
    const auto more = static_cast<double>(numbers() % 4);
    if (known == model.uses.end()) {
      const Use use{more + static_cast<double>(tick - start) / 1'000, tick};
      set(records, slot, use);
      model.uses[slot] = use;
      heap.add(slot);
    } else if (numbers() % 3 == 0) {
      heap.remove(slot);
      model.uses.erase(known);
    } else {
      known->second = {known->second.priority + more, tick};
      set(records, slot, known->second);
    }
    REQUIRE(heap.size() == model.uses.size());
    if (model.uses.empty()) continue;
    const auto lowest = heap.lowest();
    REQUIRE(lowest);
    REQUIRE(lowest->slot == model.lowest());
    REQUIRE(lowest->priority == model.uses.at(lowest->slot).priority);
  }
}

TEST_CASE("victim heap: what was touched long ago stays older than what was touched since",
          "[eviction]") {
  UseRecords records;
  VictimHeap heap(records);
  constexpr std::uint64_t kStep = 1u << 29;
  std::uint64_t now = 0;
  // Each is touched once, then forgotten about for several rounds of the ticks.
  for (std::uint32_t slot = 0; slot < 40; ++slot, now += kStep) {
    heap.forget_ticks_before(static_cast<std::uint32_t>(now - (1u << 30)));
    set(records, slot, {1, now});
    heap.add(slot);
    const auto lowest = heap.lowest();
    REQUIRE(lowest);
    CHECK(lowest->slot < std::max(slot, 1u));
  }
  set(records, 38, {1, now});  // the youngest but one, touched again
  std::vector<std::uint32_t> order;
  while (const auto lowest = heap.lowest()) {
    order.push_back(lowest->slot);
    heap.remove(lowest->slot);
  }
  REQUIRE(order.size() == 40);
  CHECK(order[38] == 39);
  CHECK(order[39] == 38);
}

}  // namespace larder::test
