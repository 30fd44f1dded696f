// SPDX-License-Identifier: Apache-2.0
#include "cache/conditional.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

using namespace larder;

namespace {

EntityTag tag_of(std::uint8_t scope, std::uint8_t representation, std::string_view body) {
  ScopeMac mac;
  mac.bytes.fill(scope);
  EntityTagBuilder builder(mac, representation);
  builder.add(body);
  return builder.finish();
}

}  // namespace

TEST_CASE("conditional: entity tags depend on scope, representation and body", "[cache]") {
  const EntityTag base = tag_of(1, 0, "body");
  CHECK(base == tag_of(1, 0, "body"));
  CHECK(base != tag_of(2, 0, "body"));
  CHECK(base != tag_of(1, 1, "body"));
  CHECK(base != tag_of(1, 0, "bodY"));
  CHECK(base != tag_of(1, 0, ""));
}

TEST_CASE("conditional: entity tags do not depend on how the body came", "[cache]") {
  ScopeMac mac;
  mac.bytes.fill(1);
  EntityTagBuilder builder(mac, 0);
  builder.add("bo");
  builder.add("");
  builder.finish();  // changes nothing
  builder.add("dy");
  CHECK(builder.finish() == tag_of(1, 0, "body"));
}

TEST_CASE("conditional: entity tags as text", "[cache]") {
  EntityTag tag;
  tag.bytes = {0x00, 0x01, 0x0f, 0x10, 0xff, 0xa5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x7e};
  CHECK(format_entity_tag(tag) == "\"00010f10ffa50000000000000000007e\"");
}

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
