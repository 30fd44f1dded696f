// SPDX-License-Identifier: Apache-2.0
#include "cache/eviction.h"

#include <catch2/catch_test_macros.hpp>
#include <vector>

namespace larder {
namespace {

std::vector<std::uint32_t> empty_out(EvictionPolicy& policy) {
  std::vector<std::uint32_t> order;
  while (const auto slot = policy.victim()) {
    order.push_back(*slot);
    policy.on_remove(*slot);
  }
  return order;
}

}  // namespace

TEST_CASE("eviction: fifo gives the slots back in store order", "[eviction]") {
  const auto policy = make_fifo();
  CHECK_FALSE(policy->victim());
  for (const std::uint32_t slot : {3, 0, 7, 1}) policy->on_store(slot, 0, 4'096, 0);
  CHECK(policy->victim() == 3u);
  CHECK(policy->victim() == 3u);
  CHECK(empty_out(*policy) == std::vector<std::uint32_t>{3, 0, 7, 1});
  CHECK_FALSE(policy->victim());
}

TEST_CASE("eviction: fifo forgets removed slots and takes them again as new", "[eviction]") {
  const auto policy = make_fifo();
  for (std::uint32_t slot = 0; slot < 5; ++slot) policy->on_store(slot, 0, 4'096, 0);
  policy->on_remove(2);  // from the middle, the front and the back
  policy->on_remove(0);
  policy->on_remove(4);
  policy->on_store(0, 0, 4'096, 0);
  policy->on_hit(1);
  policy->on_hit(999);
  CHECK(policy->admit(1, 1));
  CHECK(policy->frequency(1) == 0);
  CHECK(empty_out(*policy) == std::vector<std::uint32_t>{1, 3, 0});
}

}  // namespace larder
