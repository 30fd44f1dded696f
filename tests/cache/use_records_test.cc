// SPDX-License-Identifier: Apache-2.0
#include "cache/eviction/use_records.h"

#include <catch2/catch_test_macros.hpp>
#include <vector>

namespace larder {

TEST_CASE("use records: stay where they are while others are made", "[eviction]") {
  UseRecords records;
  CHECK(records.find(0) == nullptr);
  std::vector<UseRecord*> places;
  for (std::uint32_t slot = 0; slot < 20'000; ++slot) {
    UseRecord& record = records.make(slot);
    record.frequency = slot;
    places.push_back(&record);
  }
  for (std::uint32_t slot = 0; slot < 20'000; ++slot) {
    REQUIRE(records.find(slot) == places[slot]);
    REQUIRE(records.at(slot).frequency == slot);
  }
  CHECK(records.find(20'000) == nullptr);
  CHECK(records.find(0xFFFFFFFF) == nullptr);
}

TEST_CASE("use records: making one makes all below it", "[eviction]") {
  UseRecords records;
  UseRecord& record = records.make(5'000);
  record.frequency = 3;
  CHECK(records.find(5'000) == &record);
  CHECK(records.find(5'001) == nullptr);
  for (const std::uint32_t slot : {0u, 1'023u, 1'024u, 3'071u, 3'072u, 4'999u}) {
    REQUIRE(records.find(slot) != nullptr);
    CHECK(records.find(slot)->worth == 0);
  }
  CHECK(&records.make(5'000) == &record);
  CHECK(records.at(5'000).frequency == 3);
}

}  // namespace larder
