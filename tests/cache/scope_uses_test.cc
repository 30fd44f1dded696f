// SPDX-License-Identifier: Apache-2.0
#include "cache/store/scope_uses.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

TEST_CASE("scope uses: seconds count, and half of them is forgotten every ten minutes",
          "[scope_uses]") {
  struct Case {
    const char* name;
    std::uint32_t uses;  ///< one a second, from `kFrom` on
    std::uint32_t asked_at;
    std::uint32_t left;
  };
  constexpr std::uint32_t kFrom = 600'000;
  const auto c = GENERATE(values<Case>({
      {"never used", 0, kFrom, 0},
      {"once", 1, kFrom, 1},
      {"once, at the end of the ten minutes", 1, kFrom + 599, 1},
      {"once, ten minutes ago", 1, kFrom + 600, 0},
      {"each of a hundred seconds", 100, kFrom + 100, 100},
      {"the same, ten minutes later", 100, kFrom + 700, 50},
      {"the same, a day later", 100, kFrom + 86'400, 0},
      {"asked of a time before", 100, kFrom - 86'400, 100},
  }));
  DYNAMIC_SECTION(c.name) {
    ScopeUse use;
    for (std::uint32_t i = 0; i < c.uses; ++i) {
      use = use.used(kFrom + i);
      CHECK(use.used(kFrom + i).seconds == use.seconds);  // the same second again
    }
    CHECK(use.left(c.asked_at) == c.left);
  }
}

TEST_CASE("scope uses: a scope that is always in use does not grow without bound", "[scope_uses]") {
  ScopeUse use;
  for (std::uint32_t second = 1; second < 100'000; ++second) use = use.used(second);
  CHECK(use.seconds < 1'300);
  CHECK(use.seconds > 600);
}

TEST_CASE("scope uses: what is noted of one scope is found again, and of no other",
          "[scope_uses]") {
  ScopeUses uses(1'000);
  uses.note(mac_of(1), 5);
  uses.note(mac_of(1), 6);
  CHECK(uses.of(mac_of(1)).seconds == 2);
  CHECK(uses.of(mac_of(1)).last_s == 6);
  CHECK(uses.of(mac_of(2)).seconds == 0);
  uses.set(mac_of(1), {});
  CHECK(uses.of(mac_of(1)).seconds == 0);
}

TEST_CASE("scope uses: a newcomer is counted apart from the one whose place it takes",
          "[scope_uses]") {
  ScopeNewcomers newcomers(1);  // all share one place
  for (std::uint32_t second = 1; second < 10; ++second) newcomers.note(mac_of(1), second);
  CHECK(newcomers.of(mac_of(1)).seconds == 9);
  CHECK(newcomers.note(mac_of(2), 10).seconds == 1);
  CHECK(newcomers.of(mac_of(1)).seconds == 0);
}

}  // namespace
}  // namespace larder::test
