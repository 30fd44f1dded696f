// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/process_memory.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace larder;

TEST_CASE("process memory: what is resident, apart from files", "[daemon]") {
  const auto memory = parse_statm("9000 500 200 1 0 300 0\n", 4'096);
  REQUIRE(memory);
  CHECK(memory->own == 300 * 4'096);
  CHECK(memory->mapped == 200 * 4'096);
}

TEST_CASE("process memory: other texts say nothing", "[daemon]") {
  const auto* const text =
      GENERATE("", "1", "1 2", "a b c", "1 2 x", "1 2 3", "99999999999999999999999 2 1");
  CAPTURE(text);
  CHECK_FALSE(parse_statm(text, 4'096));
}

TEST_CASE("process memory: this process has some", "[daemon]") {
  const auto memory = process_memory();
  REQUIRE(memory);
  CHECK(memory->own > 0);
}
