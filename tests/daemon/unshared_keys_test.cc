// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/unshared_keys.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace larder {
namespace {

using Advice = HitForMiss::Advice;

const CacheKey kKey{1, 2};

UpstreamConfig with_holds() {
  UpstreamConfig config;
  config.hit_for_miss_s = 60;
  config.rejected_hold_s = 5;
  return config;
}

TEST_CASE("unshared keys: each reason holds for its own time") {
  const auto [why, hold_ms] = GENERATE(table<Unshareable, std::int64_t>({
      {Unshareable::lasting, 60'000},
      {Unshareable::refusal, 5'000},
      {Unshareable::brief, 1'000},
  }));
  CAPTURE(static_cast<int>(why));
  UnsharedKeys keys(with_holds());
  keys.mark(kKey, why, {0});
  CHECK(keys.advise(kKey, {hold_ms - 1}) == Advice::alone);
  CHECK(keys.advise(kKey, {hold_ms}) == Advice::probe);
}

TEST_CASE("unshared keys: who asks for the mark of a key changes nothing") {
  UnsharedKeys keys(with_holds());
  CHECK_FALSE(keys.mark_of(kKey, {0}));
  keys.mark(kKey, Unshareable::lasting, {0});
  CHECK(keys.mark_of(kKey, {1}) == Unshareable::lasting);
  CHECK_FALSE(keys.mark_of(kKey, {60'000}));
  CHECK(keys.advise(kKey, {60'000}) == Advice::probe);
}

TEST_CASE("unshared keys: an answer that is shared ends every mark of its key") {
  UnsharedKeys keys(with_holds());
  for (const auto why : {Unshareable::lasting, Unshareable::refusal, Unshareable::brief}) {
    keys.mark(kKey, why, {0});
  }
  keys.unmark(kKey);
  CHECK(keys.advise(kKey, {1}) == Advice::share);
}

TEST_CASE("unshared keys: new settings count for new marks") {
  UnsharedKeys keys(with_holds());
  UpstreamConfig config = with_holds();
  config.hit_for_miss_s = 2;
  keys.use(config);
  keys.mark(kKey, Unshareable::lasting, {0});
  CHECK(keys.advise(kKey, {1'999}) == Advice::alone);
  CHECK(keys.advise(kKey, {2'000}) == Advice::probe);
}

TEST_CASE("unshared keys: a purge clears them") {
  UnsharedKeys keys(with_holds());
  keys.mark(kKey, Unshareable::lasting, {0});
  keys.clear();
  CHECK(keys.advise(kKey, {1}) == Advice::share);
}

}  // namespace
}  // namespace larder
