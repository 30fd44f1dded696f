// SPDX-License-Identifier: Apache-2.0
#include "upstream/token_bucket.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace {

using larder::MonotonicTime;
using larder::TokenBucket;

constexpr TokenBucket::Bounds kBounds{.per_second = 80, .burst = 20};

/// How many start from `from_ms` until `until_ms`, one by one and as soon as each may.
int starts(TokenBucket& bucket, std::int64_t from_ms, std::int64_t until_ms) {
  int count = 0;
  for (MonotonicTime now{from_ms}; now.ms < until_ms;) {
    const auto wait_ms = bucket.wait_ms(kBounds, now);
    if (wait_ms > 0) {
      now.ms += wait_ms;
      continue;
    }
    bucket.take();
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("token bucket: no second has more starts than the rate and the burst together",
          "[upstream]") {
  TokenBucket bucket(kBounds, MonotonicTime{1'000});
  CHECK(starts(bucket, 1'000, 1'001) == 20);
  const auto first = starts(bucket, 1'001, 2'000);
  CHECK(first > 70);
  CHECK(first <= 80);
  SECTION("and what was not used is kept up to the burst") {
    CHECK(starts(bucket, 60'000, 60'001) == 20);
    CHECK(starts(bucket, 60'001, 61'000) <= 80);
  }
}

TEST_CASE("token bucket: a refusal empties it for as long as the origin says", "[upstream]") {
  TokenBucket bucket(kBounds, MonotonicTime{0});
  const auto asked_ms = GENERATE(std::int64_t{1'000}, std::int64_t{30'000});
  bucket.refuse(kBounds, MonotonicTime{500 + asked_ms}, MonotonicTime{500});
  CHECK(starts(bucket, 500, 500 + asked_ms) == 0);
  const auto next = starts(bucket, 500 + asked_ms, 1'500 + asked_ms);
  CHECK(next >= 35);
  CHECK(next <= 45);  // half of the rate, and no burst
}

TEST_CASE("token bucket: many refusals of one second count as one, later ones as more",
          "[upstream]") {
  struct Case {
    std::int64_t apart_ms;
    double part;
  };
  const auto c = GENERATE(Case{10, 0.5}, Case{999, 0.5}, Case{1'000, 0.25});
  TokenBucket bucket(kBounds, MonotonicTime{0});
  bucket.refuse(kBounds, MonotonicTime{5'000}, MonotonicTime{0});
  bucket.refuse(kBounds, MonotonicTime{5'000}, MonotonicTime{c.apart_ms});
  CHECK(bucket.part() == c.part);
}

TEST_CASE("token bucket: its part never falls below a sixteenth, and grows again", "[upstream]") {
  TokenBucket bucket(kBounds, MonotonicTime{0});
  for (std::int64_t at = 0; at < 20'000; at += 1'000) {
    bucket.refuse(kBounds, MonotonicTime{at + 1'000}, MonotonicTime{at});
  }
  CHECK(bucket.part() == TokenBucket::kLeastPart);
  bucket.wait_ms(kBounds, MonotonicTime{20'000});
  CHECK(bucket.part() == TokenBucket::kLeastPart);
  bucket.wait_ms(kBounds, MonotonicTime{30'000});
  CHECK(bucket.part() > 0.5);
  bucket.wait_ms(kBounds, MonotonicTime{60'000});
  CHECK(bucket.part() == 1);
}

TEST_CASE("token bucket: a clock that does not move on gives nothing", "[upstream]") {
  TokenBucket bucket({.per_second = 1, .burst = 1}, MonotonicTime{10});
  REQUIRE(bucket.wait_ms({.per_second = 1, .burst = 1}, MonotonicTime{10}) == 0);
  bucket.take();
  CHECK(bucket.wait_ms({.per_second = 1, .burst = 1}, MonotonicTime{10}) == 1'000);
  CHECK(bucket.wait_ms({.per_second = 1, .burst = 1}, MonotonicTime{5}) == 1'000);
}
