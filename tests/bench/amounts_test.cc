// SPDX-License-Identifier: Apache-2.0
#include "bench/run/amounts.h"

#include <CLI/CLI.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>
#include <vector>

using namespace larder::bench;

TEST_CASE("amounts: sizes are powers of 1024 and whole", "[bench]") {
  struct Case {
    const char* text;
    std::optional<std::uint64_t> bytes;
  };
  const Case c = GENERATE(values<Case>({{"0", 0},
                                        {"1024", 1'024},
                                        {"10B", 10},
                                        {"1K", 1'024},
                                        {"100k", 102'400},
                                        {"1.5KiB", 1'536},
                                        {"2M", 2u << 20},
                                        {"4GiB", std::uint64_t{4} << 30},
                                        {"", {}},
                                        {"K", {}},
                                        {"-1", {}},
                                        {"1.5", {}},
                                        {"1Q", {}},
                                        {"1 K", {}},
                                        {"1e3", {}},
                                        {"inf", {}},
                                        {"99999999999999999999", {}}}));
  CAPTURE(c.text);
  CHECK(parse_bytes(c.text) == c.bytes);
}

TEST_CASE("amounts: times are whole milliseconds", "[bench]") {
  CHECK(parse_milliseconds("5") == 5);
  CHECK(parse_milliseconds("5ms") == 5);
  CHECK(parse_milliseconds("1.5s") == 1'500);
  CHECK_FALSE(parse_milliseconds("1.5ms"));
  CHECK_FALSE(parse_milliseconds("5m"));
}

TEST_CASE("amounts: a rate is positive, or max", "[bench]") {
  CHECK(parse_rate("5000") == 5'000);
  CHECK(parse_rate("2.5k") == 2'500);
  CHECK(parse_rate("max") == 0);
  CHECK_FALSE(parse_rate("0"));
  CHECK_FALSE(parse_rate("fast"));
}

TEST_CASE("amounts: a list on the command line becomes numbers, or names the bad item", "[bench]") {
  CLI::App app;
  std::vector<std::uint64_t> sizes{7};
  app.add_option("--sizes", sizes)->delimiter(',')->transform(as_bytes(2, 1u << 20));
  app.parse("--sizes 1K,10K,100", false);
  CHECK(sizes == std::vector<std::uint64_t>{1'024, 10'240, 100});
  CHECK_THROWS_WITH(app.parse("--sizes 1K,1Q", false),
                    Catch::Matchers::ContainsSubstring("'1Q' is no size: write"));
  CHECK_THROWS_WITH(app.parse("--sizes 2M", false),
                    Catch::Matchers::ContainsSubstring("not within 2 bytes and 1 MiB"));
}

TEST_CASE("amounts: sizes read well in tables", "[bench]") {
  CHECK(bytes_text(100) == "100 bytes");
  CHECK(bytes_text(999) == "999 bytes");
  CHECK(bytes_text(1'536) == "1.50 KiB");
  CHECK(bytes_text(10'240) == "10 KiB");
  CHECK(bytes_text(35'994'977) == "34.3 MiB");
  CHECK(bytes_text(3'599'497'748) == "3.35 GiB");
  CHECK(bytes_text(std::uint64_t{1} << 30) == "1 GiB");
}
