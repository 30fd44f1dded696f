// SPDX-License-Identifier: Apache-2.0
#include "cache/eviction/eviction.h"

#include <catch2/catch_test_macros.hpp>
#include <vector>

namespace larder {
namespace {

void store(EvictionPolicy& policy, std::uint32_t slot) {
  policy.on_store(slot, 0, 4'096, {}, 0);
}

std::vector<std::uint32_t> empty_out(EvictionPolicy& policy) {
  std::vector<std::uint32_t> order;
  while (const auto slot = policy.victim()) {
    order.push_back(*slot);
    policy.on_remove(*slot, 0);
  }
  return order;
}

}  // namespace

TEST_CASE("eviction: fifo gives the slots back in store order", "[eviction]") {
  const auto policy = make_fifo();
  CHECK_FALSE(policy->victim());
  for (const std::uint32_t slot : {3, 0, 7, 1}) store(*policy, slot);
  CHECK(policy->victim() == 3u);
  CHECK(policy->victim() == 3u);
  CHECK(empty_out(*policy) == std::vector<std::uint32_t>{3, 0, 7, 1});
  CHECK_FALSE(policy->victim());
}

TEST_CASE("eviction: fifo forgets removed slots and takes them again as new", "[eviction]") {
  const auto policy = make_fifo();
  for (std::uint32_t slot = 0; slot < 5; ++slot) store(*policy, slot);
  policy->on_remove(2, 0);  // from the middle, the front and the back
  policy->on_remove(0, 0);
  policy->on_remove(4, 0);
  store(*policy, 0);
  policy->on_hit(1, 9);
  policy->on_hit(999, 9);
  CHECK(policy->on_miss(1, 1, 1).admitted);
  CHECK(policy->state(1).frequency == 0);
  CHECK(empty_out(*policy) == std::vector<std::uint32_t>{1, 3, 0});
}

TEST_CASE("eviction: fifo begins again after all have left at once", "[eviction]") {
  const auto policy = make_fifo();
  for (std::uint32_t slot = 0; slot < 5; ++slot) store(*policy, slot);
  policy->on_clear();
  CHECK_FALSE(policy->victim());
  for (const std::uint32_t slot : {2, 0}) store(*policy, slot);
  CHECK(empty_out(*policy) == std::vector<std::uint32_t>{2, 0});
}

TEST_CASE("eviction: the configured policy is made", "[eviction]") {
  using Eviction = CacheConfig::Eviction;
  const auto counts = [](Eviction which) {
    return make_eviction(which)->on_miss(1, 1, 0).state.frequency;
  };
  CHECK(counts(Eviction::fifo) == 0);
  CHECK(counts(Eviction::gdsf) == 1);
}

}  // namespace larder
