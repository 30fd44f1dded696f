// SPDX-License-Identifier: Apache-2.0
#include "daemon/tags_text.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using larder::tags_text;

TEST_CASE("tags text: each object by its scope, state and tags", "[daemon]") {
  std::string tags;
  for (int i = 0; i < 12; ++i) tags += "\"entry:blt00000" + std::to_string(i) + "\",";
  const auto text = tags_text(
      R"({"path":"/v3/assets","query":"limit=5","objects":[
          {"api_key":"blt1","environment":"live","branch":"","status":200,"coding":"gzip",
           "state":"fresh","purged":false,"stored":"S","fresh_until":"F","bytes":12,"epoch":3,
           "variants":"cs1\u001b","tags":[)" +
      tags + R"("list:blog"],"unnamed_tags":2},
          {"api_key":"blt1","environment":"live","branch":"main","status":404,"coding":"identity",
           "state":"stale","purged":true,"stored":"S","bytes":9,"epoch":4,"tags":[],
           "unnamed_tags":0}],"more":true})");
  REQUIRE(text);
  CHECK(*text ==
        "/v3/assets?limit=5\n"
        "\n"
        "blt1 / live / -\n"
        "  state     fresh until F\n"
        "  answer    200, gzip, 12 bytes\n"
        "  stored    S, after purge 3\n"
        "  variants  cs1?\n"
        "  tags      entry:blt000000  entry:blt000001  entry:blt000002  entry:blt000003  "
        "entry:blt000004\n"
        "            entry:blt000005  entry:blt000006  entry:blt000007  entry:blt000008  "
        "entry:blt000009\n"
        "            entry:blt0000010  entry:blt0000011  list:blog\n"
        "            and 2 whose names are not in what was read\n"
        "\n"
        "blt1 / live / main\n"
        "  state     purged, stale: goes out once more while its refresh runs\n"
        "  answer    404, identity, 9 bytes\n"
        "  stored    S, after purge 4\n"
        "\n"
        "There are more: name a branch or an environment.\n");
}

TEST_CASE("tags text: anything else is not understood, and does no harm", "[daemon]") {
  CHECK_FALSE(tags_text(""));
  CHECK_FALSE(tags_text("[]"));
  CHECK_FALSE(tags_text("{\"error\":\"x\"}"));
  CHECK(tags_text(R"({"path":1,"objects":[1,{"tags":3}]})"));
}
