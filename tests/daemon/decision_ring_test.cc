// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/decision_ring.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace {

using larder::Decision;
using larder::DecisionRing;
using larder::Outcome;

Decision decision(std::int64_t ms, Outcome outcome) {
  return {.time = {ms},
          .id = larder::RequestId::made(static_cast<std::uint64_t>(ms)),
          .key = {},
          .outcome = outcome};
}

std::string times(const std::vector<Decision>& decisions) {
  std::string text;
  for (const Decision& one : decisions) text.append(std::to_string(one.time.ms)).append(" ");
  return text;
}

const DecisionRing::Wanted kAll = [](const Decision&) { return true; };

}  // namespace

TEST_CASE("decision ring: the latest first, hits among the others", "[daemon]") {
  DecisionRing ring(8);
  CHECK(times(ring.find(kAll, 10)).empty());
  ring.note(decision(1, Outcome::miss));
  ring.note(decision(2, Outcome::hit));
  ring.note(decision(3, Outcome::preview));
  CHECK(times(ring.find(kAll, 10)) == "3 2 1 ");
  CHECK(times(ring.find(kAll, 2)) == "3 2 ");
  CHECK(times(ring.find([](const Decision& it) { return it.id.text().ends_with("2"); }, 10)) ==
        "2 ");
}

TEST_CASE("decision ring: hits have a quarter, and push out nothing else", "[daemon]") {
  DecisionRing ring(8);
  for (std::int64_t ms = 1; ms <= 3; ++ms) ring.note(decision(ms, Outcome::miss));
  for (std::int64_t ms = 10; ms < 100; ++ms) ring.note(decision(ms, Outcome::hit));
  CHECK(times(ring.find(kAll, 100)) == "99 98 3 2 1 ");
  for (std::int64_t ms = 200; ms < 220; ++ms) ring.note(decision(ms, Outcome::stale));
  CHECK(times(ring.find(kAll, 100)) == "219 218 217 216 215 214 99 98 ");
}

TEST_CASE("decision ring: its memory is that of its bound, and with none it keeps none",
          "[daemon]") {
  CHECK(DecisionRing(4'096).bytes() == 4'096 * sizeof(Decision));
  CHECK(sizeof(Decision) <= 160);  // as larder.toml.example says
  DecisionRing none(0);
  none.note(decision(1, Outcome::hit));
  none.note(decision(2, Outcome::miss));
  CHECK(none.bytes() == 0);
  CHECK_FALSE(none.keeps());
  CHECK(none.find(kAll, 10).empty());
}
