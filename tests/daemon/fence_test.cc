// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/fence.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace larder::test {
namespace {

CacheKey key_of(std::uint8_t number) {
  CacheKey key{};
  key.bytes[0] = number;
  return key;
}

}  // namespace

TEST_CASE("fence: an outdated answer is asked for again at once, and once", "[fence]") {
  Fence fence(8);
  CHECK_FALSE(fence.passes_caches(key_of(1)));
  CHECK(fence.note(key_of(1), {1'000}));
  CHECK_FALSE(fence.note(key_of(1), {1'100}));
  CHECK(fence.passes_caches(key_of(1)));
  CHECK_FALSE(fence.passes_caches(key_of(2)));
  CHECK(fence.note(key_of(2), {1'100}));
}

TEST_CASE("fence: pauses grow with the time for which answers are outdated", "[fence]") {
  struct Case {
    std::int64_t lasted_ms;
    std::int64_t pause_ms;
  };
  const auto c = GENERATE(Case{0, 500}, Case{16'000, 500}, Case{30'000, 937}, Case{64'000, 2'000},
                          Case{10'000'000, 30'000});
  Fence fence(8);
  fence.note(key_of(1), {1'000});
  const WallTime now{1'000 + c.lasted_ms};
  fence.note(key_of(1), now);
  INFO(c.lasted_ms);
  CHECK(fence.pauses(key_of(1), {now.ms + c.pause_ms - 1}));
  CHECK_FALSE(fence.pauses(key_of(1), {now.ms + c.pause_ms}));
}

TEST_CASE("fence: a clock that goes back ends a pause", "[fence]") {
  Fence fence(8);
  fence.note(key_of(1), {1'000'000});
  CHECK(fence.pauses(key_of(1), {1'000'100}));
  CHECK_FALSE(fence.pauses(key_of(1), {1'000}));
}

TEST_CASE("fence: a purge ends pauses, and caches are passed all the same", "[fence]") {
  Fence fence(8);
  fence.note(key_of(1), {1'000});
  fence.end_pauses();
  CHECK_FALSE(fence.pauses(key_of(1), {1'001}));
  CHECK(fence.passes_caches(key_of(1)));
  CHECK_FALSE(fence.note(key_of(1), {1'002}));
  CHECK(fence.pauses(key_of(1), {1'003}));
}

TEST_CASE("fence: an origin that refuses the parameter is asked without it", "[fence]") {
  Fence fence(8);
  fence.note(key_of(1), {1'000});
  fence.ask_plainly(key_of(1));
  CHECK_FALSE(fence.passes_caches(key_of(1)));
  CHECK(fence.pauses(key_of(1), {1'001}));
  fence.settle(key_of(1));
  fence.note(key_of(1), {2'000});
  CHECK(fence.passes_caches(key_of(1)));
}

TEST_CASE("fence: a key that is settled is as any other", "[fence]") {
  Fence fence(8);
  fence.note(key_of(1), {1'000});
  fence.settle(key_of(1));
  CHECK_FALSE(fence.pauses(key_of(1), {1'001}));
  CHECK_FALSE(fence.passes_caches(key_of(1)));
  CHECK(fence.note(key_of(1), {1'002}));
}

TEST_CASE("fence: keys are bounded, and those that nobody asks for leave", "[fence]") {
  Fence fence(2);
  CHECK(fence.note(key_of(1), {1'000}));
  CHECK(fence.note(key_of(2), {1'000}));
  CHECK_FALSE(fence.note(key_of(3), {1'001}));
  CHECK(fence.size() == 2);
  CHECK_FALSE(fence.pauses(key_of(3), {1'001}));
  CHECK(fence.note(key_of(3), {1'000 + Fence::kLongestPause + Fence::kShortestPause}));
  CHECK(fence.size() == 1);
}

TEST_CASE("fence: a request past caches is another one each time", "[fence]") {
  std::string plain = "https://cdn.example/v3/stacks";
  pass_caches(plain, 7, {12});
  CHECK(plain == "https://cdn.example/v3/stacks?larder_fill=12.7");
  std::string with_query = "https://cdn.example/v3/entries?a=b";
  pass_caches(with_query, 8, {13});
  CHECK(with_query == "https://cdn.example/v3/entries?a=b&larder_fill=13.8");
}

}  // namespace larder::test
