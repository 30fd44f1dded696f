// SPDX-License-Identifier: Apache-2.0
#include "bench/simulate/cache_size.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "bench/run/command.h"
#include "bench/simulate/simulation_progress.h"

using namespace larder::bench;

TEST_CASE("cache size: bytes with and without units, and parts of the footprint", "[bench]") {
  struct Case {
    const char* text;
    std::uint64_t bytes;
  };
  const auto c = GENERATE(values<Case>({
      {"64M", 64ull << 20},
      {"64MiB", 64ull << 20},
      {"64MB", 64'000'000},
      {"3G", 3ull << 30},
      {"2K", 2'048},
      {"1T", 1ull << 40},
      {"4096", 4'096},
      {"1%", 1'093'593},
      {"0.1%", 109'359},
      {"10%", 10'935'931},
      {"100%", 109'359'314},
  }));
  CAPTURE(c.text);
  CHECK(parse_cache_size(c.text).of(109'359'314) == c.bytes);
  CHECK(parse_cache_size(c.text).text == c.text);
}

TEST_CASE("cache size: anything else is refused", "[bench]") {
  for (const char* text : {"", "M", "%", "0", "0%", "-1%", "1.5M", "12x", "1%%", "nan%", "1 %"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_cache_size(text), BenchError);
  }
}

TEST_CASE("cache size: rounded up for the configuration", "[bench]") {
  CHECK(rounded_size_text(0) == "1MiB");
  CHECK(rounded_size_text(1) == "1MiB");
  CHECK(rounded_size_text(99u << 20) == "99MiB");
  CHECK(rounded_size_text((99u << 20) + 1) == "100MiB");
  CHECK(rounded_size_text(1'234ull << 20) == "1300MiB");
}

TEST_CASE("progress: a bar fills up", "[bench]") {
  CHECK(progress_bar("x", 0) == "x [" + std::string(40, '.') + "]   0 %");
  CHECK(progress_bar("x", 0.5) == "x [" + std::string(20, '#') + std::string(20, '.') + "]  50 %");
  CHECK(progress_bar("x", 2) == "x [" + std::string(40, '#') + "] 100 %");
}
