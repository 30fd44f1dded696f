// SPDX-License-Identifier: Apache-2.0
#include "cache/store/charge.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "cache/store/format.h"

namespace larder {

TEST_CASE("store charge: small bodies share pages, larger ones have their own", "[store]") {
  struct Case {
    std::uint64_t body;
    std::uint32_t pages;
  };
  // With 500 bytes of head and 176 that every head has.
  const auto c = GENERATE(values<Case>({
      {0, 0},
      {1'000, 0},
      {1'500, 1},
      {3'000, 1},
      {4'000, 2},
      {10'000, 3},
      {128 * 1024, 33},
      {128 * 1024 + 1, 16 + 16},  // chunks of 16 pages, less their heads; the rest is small
      {300 * 1024, 4 * 16 + 12},
  }));
  CAPTURE(c.body);
  const ObjectCharge charge = object_charge(500, c.body, 4'096, row_bounds(4'096, 1u << 20));
  CHECK(charge.overflow_pages == c.pages);
  CHECK(charge.small_bytes >= 150);
  CHECK(charge.bytes(4'096, 1.0) == charge.overflow_pages * 4'096 + charge.small_bytes);
  CHECK(charge.bytes(4'096, 2.0) == charge.overflow_pages * 4'096 + 2 * charge.small_bytes);
}

TEST_CASE("store charge: a small file has shorter rows, for which a body takes as many pages",
          "[store]") {
  struct Case {
    std::uint64_t file;
    std::uint64_t row_pages;
  };
  const auto c = GENERATE(values<Case>(
      {{1u << 20, 1}, {8u << 20, 2}, {32u << 20, 8}, {64u << 20, 16}, {1u << 30, 16}}));
  CAPTURE(c.file);
  const RowBounds bounds = row_bounds(4'096, c.file / 4'096);
  CHECK(bounds.inline_bytes == 2 * c.row_pages * 4'096);
  CHECK(
      row_footprint(kChunkKeyBytes, chunk_row_bytes(10u << 20, 0, bounds), 4'096).overflow_pages ==
      c.row_pages);
  CHECK(object_charge(500, 300 * 1024, 4'096, bounds).overflow_pages == 76);
}

TEST_CASE("store charge: the largest body is a part of the file, unless one is configured",
          "[store]") {
  CacheConfig config;
  config.size = 1'000'000'000;
  CHECK(largest_body(config) == 15'000'000);
  config.max_object_bytes = 1'000;
  CHECK(largest_body(config) == 1'000);
  config.max_object_bytes = 900'000'000;
  CHECK(largest_body(config) == 125'000'000);
  config.size = 1ull << 40;
  config.max_object_bytes = 0;
  CHECK(largest_body(config) == 256u << 20);
}

}  // namespace larder
