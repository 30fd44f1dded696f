// SPDX-License-Identifier: Apache-2.0
#include "conf/base/patient_memory.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdlib>

TEST_CASE("patient memory: what is refused a few times is there in the end, and counted once",
          "[conf]") {
  const unsigned refused = GENERATE(0u, 1u, 5u);
  CAPTURE(refused);
  const auto before = larder::memory_refusals();
  unsigned asked = 0;
  char memory = 0;
  const char* const got =
      larder::patiently([&]() -> char* { return asked++ < refused ? nullptr : &memory; });
  CHECK(got == &memory);
  CHECK(asked == refused + 1);
  CHECK(larder::memory_refusals() - before == (refused > 0 ? 1u : 0u));
}

TEST_CASE("patient memory: what never comes is given up", "[conf]") {
  unsigned asked = 0;
  CHECK(larder::patiently([&]() -> char* {
          ++asked;
          return nullptr;
        }) == nullptr);
  CHECK(asked == larder::kMemoryPatienceMs + 2);
}

TEST_CASE("patient memory: no bytes are no refusal", "[conf]") {
  const auto before = larder::memory_refusals();
  for (void* const memory : {larder::patient_malloc(0), larder::patient_calloc(0, 8),
                             larder::patient_calloc(8, 0), larder::patient_realloc(nullptr, 0)}) {
    CHECK(memory != nullptr);
    std::free(memory);
  }
  CHECK(larder::memory_refusals() == before);
}
