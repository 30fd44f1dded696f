// SPDX-License-Identifier: Apache-2.0
#include "upstream/transfer_counts.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace larder::test {

TEST_CASE("transfer counts: each phase has its time, the last one the rest", "[upstream]") {
  struct Case {
    const char* name;
    TransferTimes times;
    std::array<std::int64_t, kTransferPhases> phases;
  };
  const auto c = GENERATE(values<Case>({
      {"all of it", {{100}, {110}, {130}, {160}, {200}}, {10, 20, 30, 40}},
      {"a kept connection", {{100}, {110}, {110}, {160}, {200}}, {10, 0, 50, 40}},
      {"no head", {{100}, {110}, {130}, {0}, {200}}, {10, 20, 70, 0}},
      {"no connection", {{100}, {110}, {0}, {0}, {200}}, {10, 90, 0, 0}},
      {"never started", {{100}, {0}, {0}, {0}, {200}}, {100, 0, 0, 0}},
  }));
  CAPTURE(c.name);
  CHECK(phases_of(c.times) == c.phases);
}

TEST_CASE("transfer counts: 429 has a class of its own", "[upstream]") {
  TransferCounts counts;
  for (const int status : {200, 206, 304, 404, 429, 429, 503, 0, 100, 600})
    counts.add_answer(status);
  CHECK(counts.answers == std::array<std::uint64_t, kStatusClasses>{2, 1, 1, 2, 1});
}

}  // namespace larder::test
