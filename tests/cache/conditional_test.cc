// SPDX-License-Identifier: Apache-2.0
#include "cache/http/conditional.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

using namespace larder;

TEST_CASE("conditional: If-None-Match by weak comparison", "[cache]") {
  struct Case {
    const char* field;
    bool hit;
  };
  const auto c = GENERATE(values<Case>({
      {"\"a\"", true},
      {"W/\"a\"", true},
      {"*", true},
      {" * ", true},
      {"\"b\", \"a\"", true},
      {"\"b\",\"a\",\"c\"", true},
      {"\"b\" ,\tW/\"a\" ", true},
      {",, \"a\" ,,", true},
      {"\"a,b\", \"a\"", true},
      {"\"\", \"a\"", true},
      {"", false},
      {",", false},
      {"\"b\"", false},
      {"\"A\"", false},
      {"a", false},
      {"\"a", false},
      {"a\"", false},
      {"w/\"a\"", false},
      {"W/ \"a\"", false},
      {"W/a", false},
      {"W/", false},
      {"\"a\" \"b\"", false},
      {"\"a\"x", false},
      {"\"a\"; \"b\"", false},
      {"*, \"a\"", false},
      {"\"a\", *", false},
      {"\"a\", b", false},
      {"\"a\", \"b", false},
      {"\"b,a\"", false},
      {"\" a\"", false},
  }));
  CAPTURE(c.field);
  CHECK(none_match_hits(c.field, "\"a\"") == c.hit);
}
