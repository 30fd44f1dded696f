// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/field_value.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

using namespace larder;

TEST_CASE("field value: what a filter by equality may take for the same is the same") {
  const auto [one, other] = GENERATE(table<std::string, std::string>({{"/a", "/a"},
                                                                      {"Blue", "bLUE"},
                                                                      {" x ", "x"},
                                                                      {"7", "7.0"},
                                                                      {"7", "07"},
                                                                      {"0", "-0.0"},
                                                                      {"1e3", "1000"},
                                                                      {"True", "true"}}));
  CAPTURE(one, other);
  CHECK(is_comparable(one));
  CHECK(field_value("f", one) == field_value("f", other));
  CHECK(field_value("f", one) != field_value("g", one));
  CHECK(field_value("f", one) != any_value("f"));
}

TEST_CASE("field value: other values are others") {
  CHECK(field_value("f", "/a") != field_value("f", "/b"));
  CHECK(field_value("f", "7") != field_value("f", "8"));
  CHECK(field_value("ab", "c") != field_value("a", "bc"));
  CHECK(field_value("f", JsonLiteral::true_value) == field_value("f", "true"));
  CHECK(field_value("f", JsonLiteral::true_value) != field_value("f", JsonLiteral::false_value));
}

TEST_CASE("field value: what may be written in several ways could be any") {
  const auto value = GENERATE(std::string(), std::string("  "), std::string("2020-01-31"),
                              std::string("2020-01-31T10:00:00.000Z"), std::string("31/1/2020"),
                              std::string("12:30"), std::string("caf\xC3\xA9"),
                              std::string(kMostValueBytes + 1, 'a'));
  CAPTURE(value);
  CHECK_FALSE(is_comparable(value));
  CHECK(field_value("f", value) == any_value("f"));
  CHECK(field_value("f", JsonLiteral::null) == any_value("f"));
}

TEST_CASE("field value: numbers that no double holds are any, however they are written") {
  const auto [one, other] = GENERATE(table<std::string, std::string>(
      {{"1e400", "10e399"}, {"1e-400", "0"}, {"-1e999", "-2e999"}}));
  CAPTURE(one, other);
  const bool same = field_value("n", one) == field_value("n", other);
  CHECK((same || field_value("n", one) == any_value("n")));
}
