// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/hit_for_miss.h"

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <string>

namespace {

larder::CacheKey key_of(std::uint32_t number) {
  larder::CacheKey key;
  std::memcpy(key.bytes.data() + 16, &number, sizeof number);
  return key;
}

}  // namespace

TEST_CASE("hit-for-miss: a mark holds for its time and no longer", "[daemon]") {
  larder::HitForMiss marks(2);
  marks.mark(key_of(1), {1'000});
  CHECK(marks.marked(key_of(1), {2'999}));
  CHECK_FALSE(marks.marked(key_of(2), {2'999}));
  CHECK_FALSE(marks.marked(key_of(1), {3'000}));
}

TEST_CASE("hit-for-miss: a mark made again lives from its last making", "[daemon]") {
  larder::HitForMiss marks(2);
  marks.mark(key_of(1), {1'000});
  marks.mark(key_of(1), {2'000});
  CHECK(marks.marked(key_of(1), {3'500}));
  CHECK_FALSE(marks.marked(key_of(1), {4'000}));
}

TEST_CASE(
    "hit-for-miss: a mark that has run out is tried by one request while the others stay alone",
    "[daemon]") {
  using Advice = larder::HitForMiss::Advice;
  larder::HitForMiss marks(2);
  CHECK(marks.advise(key_of(1), {1'000}) == Advice::share);
  marks.mark(key_of(1), {1'000});
  CHECK(marks.advise(key_of(1), {2'999}) == Advice::alone);
  CHECK(marks.advise(key_of(1), {3'000}) == Advice::probe);
  CHECK(marks.advise(key_of(1), {3'001}) == Advice::alone);
  SECTION("the answer was for one client again") {
    marks.mark(key_of(1), {4'000});
    CHECK(marks.advise(key_of(1), {5'999}) == Advice::alone);
  }
  SECTION("it may be shared now") {
    marks.unmark(key_of(1));
    CHECK(marks.advise(key_of(1), {4'000}) == Advice::share);
  }
  SECTION("it failed, or nobody asked for long") {
    CHECK(marks.advise(key_of(1), {5'000}) == Advice::probe);
    CHECK(marks.advise(key_of(1), {9'000}) == Advice::share);
    CHECK(marks.size() == 0);
  }
}

TEST_CASE("hit-for-miss: the oldest marks go when there are too many", "[daemon]") {
  larder::HitForMiss marks(60);
  for (std::uint32_t i = 0; i <= larder::HitForMiss::kMaxMarks; ++i) marks.mark(key_of(i), {1'000});
  CHECK(marks.size() == larder::HitForMiss::kMaxMarks);
  CHECK_FALSE(marks.marked(key_of(0), {1'001}));
  CHECK(marks.marked(key_of(1), {1'001}));
}
