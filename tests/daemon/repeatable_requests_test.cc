// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/repeatable_requests.h"

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <string>

#include "tests/daemon/fill_fakes.h"

using namespace larder;

namespace {

FillOrder order_of(std::uint32_t number) {
  FillOrder order = test::order_for({}, "/v3/" + std::to_string(number));
  std::memcpy(order.key.bytes.data() + 16, &number, sizeof number);
  return order;
}

std::uint32_t number_of(const FillOrder& order) {
  std::uint32_t number = 0;
  std::memcpy(&number, order.key.bytes.data() + 16, sizeof number);
  return number;
}

/// The greater the number, the more it is used.
RepeatableRequests::Uses by_number() {
  return [](const FillOrder& order) { return number_of(order); };
}

}  // namespace

TEST_CASE("repeatable requests: what is kept waits for nobody, and is kept once", "[daemon]") {
  RepeatableRequests requests;
  CHECK(requests.any() == nullptr);
  FillOrder order = order_of(1);
  order.waiter.id = 7;
  order.client = "192.0.2.1";
  order.skip_store = true;
  requests.note(order, by_number());
  requests.note(order, by_number());
  REQUIRE(requests.all().size() == 1);
  const FillOrder* const kept = requests.find(order.key);
  REQUIRE(kept != nullptr);
  CHECK(kept == requests.any());
  CHECK(kept->waiter.id == 0);
  CHECK(kept->client.empty());
  CHECK(kept->has_stale);
  CHECK_FALSE(kept->skip_store);
  requests.clear();
  CHECK(requests.find(order.key) == nullptr);
  CHECK(requests.any() == nullptr);
}

TEST_CASE("repeatable requests: their number and length are bounded", "[daemon]") {
  RepeatableRequests requests;
  FillOrder longest = order_of(1);
  longest.unkeyed.push_back(std::string(RepeatableRequests::kMaxRequestBytes, 'x'));
  requests.note(longest, by_number());
  CHECK(requests.all().empty());
  constexpr std::uint32_t kMany = 2 * RepeatableRequests::kMost;
  for (std::uint32_t number = 1; number <= kMany; ++number) {
    requests.note(order_of(number), by_number());
  }
  CHECK(requests.all().size() == RepeatableRequests::kMost);
  for (const FillOrder& order : requests.all()) CHECK(requests.find(order.key) == &order);
}

TEST_CASE("repeatable requests: those used most stay", "[daemon]") {
  RepeatableRequests requests;
  constexpr std::uint32_t kHot = 1'000'000;
  for (std::uint32_t number = 0; number < 50; ++number) {
    requests.note(order_of(kHot + number), by_number());
  }
  for (std::uint32_t number = 1; number <= 2 * RepeatableRequests::kMost; ++number) {
    requests.note(order_of(number), by_number());
  }
  std::uint32_t left = 0;
  for (std::uint32_t number = 0; number < 50; ++number) {
    if (requests.find(order_of(kHot + number).key) != nullptr) ++left;
  }
  CHECK(left == 50);
}

TEST_CASE("repeatable requests: a trace is not gone on with", "[daemon]") {
  RepeatableRequests requests;
  FillOrder order = order_of(1);
  order.unkeyed = {"via: a", "traceparent: 00-1", "x-request-id: b"};
  requests.note(order, by_number());
  REQUIRE(requests.any() != nullptr);
  CHECK(requests.any()->unkeyed == std::vector<std::string>{"via: a", "x-request-id: b"});
}
