// SPDX-License-Identifier: Apache-2.0
#include "cache/http/entity_tag.h"

#include <catch2/catch_test_macros.hpp>
#include <string_view>

using namespace larder;

namespace {

EntityTag tag_of(Representation coding, std::string_view body) {
  EntityTagBuilder builder(coding);
  builder.add(body);
  return builder.finish();
}

}  // namespace

TEST_CASE("entity tag: of the coding and the bytes, and of nothing else", "[cache]") {
  const EntityTag base = tag_of(Representation::identity, "body");
  CHECK(base == tag_of(Representation::identity, "body"));
  CHECK(base != tag_of(Representation::gzip, "body"));
  CHECK(base != tag_of(Representation::identity, "bodY"));
  CHECK(base != tag_of(Representation::identity, ""));
}

TEST_CASE("entity tag: the same on every node and in every release", "[cache]") {
  CHECK(format_entity_tag(tag_of(Representation::identity, "body")) ==
        "\"9e3f05d7edfcaea2ab591568033a23aa\"");
  CHECK(format_entity_tag(tag_of(Representation::gzip, "body")) ==
        "\"b87303f4e070b18b33c3e970a69538e7\"");
}

TEST_CASE("entity tag: does not depend on how the body came", "[cache]") {
  EntityTagBuilder builder(Representation::identity);
  builder.add("bo");
  builder.add("");
  builder.finish();  // changes nothing
  builder.add("dy");
  CHECK(builder.finish() == tag_of(Representation::identity, "body"));
}

TEST_CASE("entity tag: as text", "[cache]") {
  EntityTag tag;
  tag.bytes = {0x00, 0x01, 0x0f, 0x10, 0xff, 0xa5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x7e};
  CHECK(format_entity_tag(tag) == "\"00010f10ffa50000000000000000007e\"");
}
