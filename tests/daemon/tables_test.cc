// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <string>

#include "daemon/client/rejected_set.h"
#include "daemon/fetch/credentials.h"
#include "daemon/fetch/hit_for_miss.h"

namespace {

larder::CacheKey key_of(std::uint32_t number) {
  larder::CacheKey key;
  std::memcpy(key.bytes.data(), &number, sizeof number);
  return key;
}

larder::ScopeMac mac_of(std::uint32_t number) {
  larder::ScopeMac mac;
  std::memcpy(mac.bytes.data(), &number, sizeof number);
  return mac;
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

TEST_CASE(
    "rejected credentials: the refusal is held for seconds, the rejection until it is accepted",
    "[daemon]") {
  larder::RejectedCredentials rejected(5);
  auto head = std::make_shared<larder::AnswerHead>();
  rejected.reject(mac_of(1), head, {std::make_shared<const std::string>("{}")}, {10'000});
  REQUIRE(rejected.held(mac_of(1), {14'999}) != nullptr);
  CHECK(rejected.held(mac_of(1), {14'999})->head == head);
  CHECK(rejected.held(mac_of(1), {15'000}) == nullptr);
  CHECK(rejected.held(mac_of(2), {10'000}) == nullptr);
  CHECK(rejected.accept(mac_of(1)));
  CHECK_FALSE(rejected.accept(mac_of(1)));
  CHECK(rejected.size() == 0);
}

TEST_CASE("rejected credentials: their number is bounded, the oldest go", "[daemon]") {
  larder::RejectedCredentials rejected(5);
  for (std::uint32_t i = 0; i <= larder::kMaxRejectedCredentials; ++i)
    rejected.reject(mac_of(i), {}, {std::make_shared<const std::string>("{}")}, {1});
  CHECK(rejected.size() == larder::kMaxRejectedCredentials);
  CHECK(rejected.held(mac_of(0), {2}) == nullptr);
  CHECK(rejected.held(mac_of(1), {2}) != nullptr);
}

TEST_CASE("rejected credentials: a short refusal is held as a copy, a long one not at all",
          "[daemon]") {
  using larder::Chunk;
  using Rejected = larder::RejectedCredentials;
  const auto piece = [](std::size_t bytes) {
    return std::make_shared<const std::string>(bytes, 'x');
  };
  const std::vector<Chunk> body{piece(10), piece(20)};
  const auto copy = Rejected::copy_of(body);
  REQUIRE(copy.size() == 1);
  CHECK(*copy.front() == std::string(30, 'x'));
  CHECK(body.front().use_count() == 1);
  CHECK(Rejected::copy_of({piece(Rejected::kMaxHeldBytes), piece(1)}).empty());
  Rejected rejected(5);
  rejected.reject(mac_of(1), {}, {}, {1});
  CHECK(rejected.held(mac_of(1), {2}) == nullptr);
  CHECK(rejected.size() == 1);
}

TEST_CASE("rejected set: a worker's copy follows the notes", "[daemon]") {
  larder::RejectedSet set;
  CHECK_FALSE(set.has(mac_of(1)));
  set.note(mac_of(1), true);
  set.note(mac_of(1), true);
  CHECK(set.has(mac_of(1)));
  set.note(mac_of(1), false);
  CHECK_FALSE(set.has(mac_of(1)));
}

TEST_CASE("rejected set: its number is bounded, the oldest go, and notes may come in any order",
          "[daemon]") {
  constexpr auto kMost = static_cast<std::uint32_t>(larder::kMaxRejectedCredentials);
  larder::RejectedSet set;
  for (std::uint32_t i = 0; i < kMost; ++i) set.note(mac_of(i), true);
  set.note(mac_of(0), false);
  set.note(mac_of(0), false);
  set.note(mac_of(0), true);  // the youngest now
  set.note(mac_of(kMost), true);
  CHECK(set.size() == kMost);
  CHECK(set.has(mac_of(0)));
  CHECK_FALSE(set.has(mac_of(1)));
  CHECK(set.has(mac_of(2)));
  CHECK(set.has(mac_of(kMost)));
}
