// SPDX-License-Identifier: Apache-2.0
#include "upstream/stack_budget.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace {

using larder::MonotonicTime;
using larder::StackBudget;
using larder::StackId;

larder::UpstreamConfig bounds(unsigned per_second, unsigned burst) {
  larder::UpstreamConfig config;
  config.requests_per_second = per_second;
  config.request_burst = burst;
  return config;
}

unsigned starts(StackBudget& budget, StackId stack, MonotonicTime now) {
  unsigned count = 0;
  for (; count < 1'000 && budget.wait_ms(stack, now) == 0; ++count) budget.take(stack, now);
  return count;
}

}  // namespace

TEST_CASE("stack budget: without a rate, and for no stack, everything starts", "[upstream]") {
  const auto rate = GENERATE(0u, 4u);
  const auto config = bounds(rate, 2);
  StackBudget budget(config);
  budget.refuse(rate == 0 ? 7 : 0, MonotonicTime{60'000}, MonotonicTime{0});
  CHECK(starts(budget, rate == 0 ? 7 : 0, MonotonicTime{0}) == 1'000);
  CHECK(budget.size() == 0);
}

TEST_CASE("stack budget: the burst is the operator's, or a quarter of the rate, but one at least",
          "[upstream]") {
  struct Case {
    unsigned rate, burst, starts;
  };
  const auto c = GENERATE(Case{80, 0, 20}, Case{80, 5, 5}, Case{2, 0, 1}, Case{1, 100, 100});
  const auto config = bounds(c.rate, c.burst);
  StackBudget budget(config);
  CHECK(starts(budget, 7, MonotonicTime{0}) == c.starts);
}

TEST_CASE("stack budget: one stack's requests and refusals are not another's", "[upstream]") {
  const auto config = bounds(80, 0);
  StackBudget budget(config);
  CHECK(starts(budget, 7, MonotonicTime{0}) == 20);
  budget.refuse(7, MonotonicTime{60'000}, MonotonicTime{0});
  CHECK(starts(budget, 8, MonotonicTime{0}) == 20);
  CHECK(budget.wait_ms(7, MonotonicTime{0}) > 59'000);
}

TEST_CASE("stack budget: it knows a bounded number of stacks, those used last", "[upstream]") {
  const auto config = bounds(1, 1);
  StackBudget budget(config);
  for (StackId stack = 1; stack <= StackBudget::kMost + 50; ++stack) {
    starts(budget, stack, MonotonicTime{static_cast<std::int64_t>(stack)});
  }
  CHECK(budget.size() == StackBudget::kMost);
  const MonotonicTime now{StackBudget::kMost + 51};
  CHECK(budget.wait_ms(StackBudget::kMost + 50, now) > 0);
  CHECK(budget.wait_ms(1, now) == 0);
}

TEST_CASE("stack budget: an api key has one number, and none has 0", "[upstream]") {
  CHECK(larder::stack_id("blt1") == larder::stack_id("blt1"));
  CHECK(larder::stack_id("blt1") != larder::stack_id("blt2"));
  CHECK(larder::stack_id("") != 0);
}
