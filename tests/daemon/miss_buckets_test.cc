// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/miss_buckets.h"

#include <catch2/catch_test_macros.hpp>

using larder::MissBuckets;
using larder::MonotonicTime;

namespace {

larder::ScopeMac bearer(unsigned number) {
  larder::ScopeMac mac;
  mac.bytes[0] = static_cast<std::uint8_t>(number);
  mac.bytes[1] = static_cast<std::uint8_t>(number >> 8);
  return mac;
}

/// How many of `asked` requests at this time go to the origin.
unsigned taken(MissBuckets& buckets, unsigned number, std::int64_t at_ms, unsigned asked) {
  unsigned count = 0;
  for (unsigned i = 0; i < asked; ++i) {
    count += !buckets.take(bearer(number), MonotonicTime{at_ms}).has_value();
  }
  return count;
}

}  // namespace

TEST_CASE("miss buckets: a burst at once, then the rate", "[daemon]") {
  MissBuckets buckets(100, 200);
  CHECK(taken(buckets, 1, 1'000, 500) == 200);
  CHECK(taken(buckets, 1, 1'100, 500) == 10);
  CHECK(taken(buckets, 1, 2'100, 500) == 100);
  CHECK(taken(buckets, 1, 60'000, 500) == 200);
}

TEST_CASE("miss buckets: who has none left is told when there is one", "[daemon]") {
  MissBuckets buckets(2, 1);
  CHECK_FALSE(buckets.take(bearer(1), MonotonicTime{0}));
  CHECK(buckets.take(bearer(1), MonotonicTime{0}) == 500);
  CHECK(buckets.take(bearer(1), MonotonicTime{400}) == 100);
  CHECK(buckets.take(bearer(1), MonotonicTime{300}) == 100);  // a time before changes nothing
  CHECK_FALSE(buckets.take(bearer(1), MonotonicTime{900}));
}

TEST_CASE("miss buckets: one credential does not take what is another's", "[daemon]") {
  MissBuckets buckets(10, 10);
  CHECK(taken(buckets, 1, 0, 100) == 10);
  CHECK(taken(buckets, 2, 0, 100) == 10);
}

TEST_CASE("miss buckets: their number is bounded, and one in use stays", "[daemon]") {
  MissBuckets buckets(1, 2);
  CHECK(taken(buckets, 1, 0, 5) == 2);
  for (unsigned other = 2; other < 6'000; ++other) {
    taken(buckets, other, 0, 1);
    CHECK(buckets.take(bearer(1), MonotonicTime{0}));
  }
  CHECK(buckets.size() == MissBuckets::kMost);
}

TEST_CASE("miss buckets: a rate of 0 is no bound, and bounds may change", "[daemon]") {
  MissBuckets buckets(0, 1);
  CHECK(taken(buckets, 1, 0, 1'000) == 1'000);
  CHECK(buckets.size() == 0);
  buckets.set_bounds(10, 5);
  CHECK(taken(buckets, 1, 0, 1'000) == 5);
  buckets.set_bounds(10, 2);
  CHECK(taken(buckets, 1, 60'000, 1'000) == 2);
}
