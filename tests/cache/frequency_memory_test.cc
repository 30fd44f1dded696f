// SPDX-License-Identifier: Apache-2.0
#include "cache/eviction/frequency_memory.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <map>

#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

std::uint32_t least_of(std::uint32_t frequency) {
  return std::min(frequency, FrequencyMemory::kMost);
}

}  // namespace

TEST_CASE("frequency memory: knows what it was told of, and nothing of the rest", "[eviction]") {
  FrequencyMemory memory;
  CHECK(memory.columns() >= 65'536);
  CHECK(memory.estimate(1) == 0);
  memory.raise(1, 7);
  CHECK(memory.estimate(1) == 7);
  CHECK(memory.estimate(2) == 0);
  memory.raise(1, 3);
  CHECK(memory.estimate(1) == 7);
  memory.raise(1, 1'000'000);
  CHECK(memory.estimate(1) == 255);
}

TEST_CASE("frequency memory: never knows too little, and seldom too much", "[eviction]") {
  FrequencyMemory memory;
  Numbers numbers(1);
  std::map<std::uint64_t, std::uint32_t> told;
  for (int i = 0; i < 60'000; ++i) {
    const std::uint64_t key = numbers() % 30'000;
    const auto frequency = static_cast<std::uint32_t>(numbers() % 300);
    memory.raise(key, frequency);
    told[key] = std::max(told[key], frequency);
  }
  std::size_t too_much = 0;
  for (const auto& [key, frequency] : told) {
    REQUIRE(memory.estimate(key) >= least_of(frequency));
    if (memory.estimate(key) > least_of(frequency)) ++too_much;
  }
  CHECK(too_much < told.size() / 20);
}

TEST_CASE("frequency memory: growing forgets nothing and makes room", "[eviction]") {
  FrequencyMemory memory;
  constexpr std::uint64_t kKeys = 200'000;
  const auto frequency_of = [](std::uint64_t key) {
    return static_cast<std::uint32_t>(key % 100 + 1);
  };
  std::uint64_t key = 0;
  for (std::size_t columns = 65'536; columns < 1'000'000; columns += columns / 5 + 1) {
    memory.widen(columns);
    REQUIRE(memory.columns() == columns);
    for (const std::uint64_t end = key + kKeys / 20; key < end; ++key) {
      memory.raise(key, frequency_of(key));
    }
    for (std::uint64_t known = 0; known < key; ++known) {
      REQUIRE(memory.estimate(known) >= frequency_of(known));
    }
  }
  std::size_t unknown_but_counted = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    if (memory.estimate(kKeys * 2 + i) > 0) ++unknown_but_counted;
  }
  CHECK(unknown_but_counted < 2'000);
  memory.widen(70'000);
  CHECK(memory.columns() > 800'000);
}

TEST_CASE("frequency memory: ageing halves every count", "[eviction]") {
  FrequencyMemory memory;
  memory.raise(1, 9);
  memory.raise(2, 1);
  memory.halve();
  CHECK(memory.estimate(1) == 4);
  CHECK(memory.estimate(2) == 0);
}

}  // namespace larder::test
