// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/known_good.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "tests/daemon/fill_fakes.h"

using namespace larder;

namespace {

FillOrder order_of(std::uint32_t credential, const std::string& path) {
  FillOrder order = test::order_for({}, path);
  auto scope = std::make_shared<Scope>(*order.scope);
  std::memcpy(scope->credential.bytes.data(), &credential, sizeof credential);
  order.scope = std::move(scope);
  return order;
}

}  // namespace

TEST_CASE("known good: the last two requests of a credential, of different keys", "[daemon]") {
  KnownGood good;
  const auto a = order_of(1, "/v3/a");
  const auto b = order_of(1, "/v3/b");
  const auto c = order_of(1, "/v3/c");
  const auto& credential = a.scope->credential;
  CHECK(good.other_than(credential, a.key) == nullptr);
  good.note(a);
  good.note(a);
  CHECK(good.has(credential, a.key));
  CHECK(good.other_than(credential, a.key) == nullptr);
  CHECK(good.other_than(credential, b.key)->canonical == "/v3/a");
  good.note(b);
  CHECK(good.other_than(credential, b.key)->canonical == "/v3/a");
  CHECK(good.other_than(credential, a.key)->canonical == "/v3/b");
  good.note(c);
  CHECK_FALSE(good.has(credential, a.key));
  CHECK(good.other_than(credential, a.key)->canonical == "/v3/c");
  CHECK(good.other_than(order_of(2, "/v3/a").scope->credential, a.key) == nullptr);
}

TEST_CASE("known good: what is kept waits for nobody", "[daemon]") {
  KnownGood good;
  FillOrder order = order_of(1, "/v3/a");
  order.waiter.id = 7;
  order.has_stale = order.skip_store = true;
  good.note(order);
  const auto* kept = good.other_than(order.scope->credential, CacheKey{});
  REQUIRE(kept != nullptr);
  CHECK(kept->waiter == Waiter{});
  CHECK_FALSE(kept->has_stale);
  CHECK_FALSE(kept->skip_store);
}

TEST_CASE("known good: their number and length are bounded", "[daemon]") {
  KnownGood good;
  for (std::uint32_t i = 0; i <= KnownGood::kMaxCredentials; ++i) good.note(order_of(i, "/v3/a"));
  CHECK(good.size() == KnownGood::kMaxCredentials);
  CHECK_FALSE(good.has(order_of(0, "/v3/a").scope->credential, order_of(0, "/v3/a").key));
  FillOrder order = order_of(9'999, "/v3/b");
  order.canonical.resize(KnownGood::kMaxRequestBytes + 1);
  good.note(order);
  CHECK_FALSE(good.has(order.scope->credential, order.key));
}

TEST_CASE("known good: a trace is not gone on with", "[daemon]") {
  KnownGood good;
  auto order = order_of(1, "/v3/a");
  order.unkeyed = {"via: a", "traceparent: 00-1"};
  good.note(order);
  const auto other = order_of(1, "/v3/b");
  const FillOrder* kept = good.other_than(order.scope->credential, other.key);
  REQUIRE(kept != nullptr);
  CHECK(kept->unkeyed == std::vector<std::string>{"via: a"});
}
