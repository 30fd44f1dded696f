// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/scope_counts.h"

#include <catch2/catch_test_macros.hpp>
#include <memory>

namespace larder::test {
namespace {

Scope scope(std::uint8_t mac, std::string branch) {
  Scope one;
  one.api_key = "blt1";
  one.environment = "production";
  one.branch = std::move(branch);
  one.mac.bytes[0] = mac;
  return one;
}

std::uint64_t hits(const ScopeCounts& counts, const ScopeCounts::Name& name) {
  std::map<ScopeCounts::Name, ScopeCounts::Counts> sums;
  counts.add_to(sums);
  return sums.contains(name) ? sums[name][0] : 0;
}

}  // namespace

TEST_CASE("scope counts: two tokens of one scope share a place", "[daemon]") {
  const auto counts = std::make_unique<ScopeCounts>();
  for (const std::uint8_t mac : {1, 2, 1}) {
    counts->add(counts->place_of(scope(mac, "main")), Outcome::hit);
  }
  counts->add(counts->place_of(scope(3, "live")), Outcome::hit);
  CHECK(hits(*counts, {"blt1", "production", "main"}) == 3);
  CHECK(hits(*counts, {"blt1", "production", "live"}) == 1);
}

TEST_CASE("scope counts: a name that is too long is other", "[daemon]") {
  const auto counts = std::make_unique<ScopeCounts>();
  const std::string branch(ScopeCounts::kMostNameBytes, 'b');
  counts->add(counts->place_of(scope(1, branch)), Outcome::hit);
  CHECK(hits(*counts, {"blt1", "production", branch}) == 0);
  CHECK(hits(*counts, {}) == 1);
}

TEST_CASE("scope counts: what comes after the bound is other", "[daemon]") {
  const auto counts = std::make_unique<ScopeCounts>();
  for (std::uint8_t i = 1; i <= ScopeCounts::kMost + 2; ++i) {
    counts->add(counts->place_of(scope(i, "b" + std::to_string(i))), Outcome::hit);
  }
  std::map<ScopeCounts::Name, ScopeCounts::Counts> sums;
  counts->add_to(sums);
  CHECK(sums.size() == ScopeCounts::kMost + 1);
  CHECK(hits(*counts, {}) == 2);
  CHECK(hits(*counts, {"blt1", "production", "b64"}) == 1);
}

}  // namespace larder::test
