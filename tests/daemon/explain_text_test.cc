// SPDX-License-Identifier: Apache-2.0
#include "daemon/explain_text.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

TEST_CASE("explain text: what is no answer of explain is no text", "[daemon]") {
  CHECK_FALSE(larder::explain_text(""));
  CHECK_FALSE(larder::explain_text("[]"));
  CHECK_FALSE(larder::explain_text("{}"));
  CHECK_FALSE(larder::explain_text(R"({"scopes":1})"));
}

TEST_CASE("explain text: a request by its URL", "[daemon]") {
  const auto text = larder::explain_text(
      R"({"route":"cached","reason":"cached-path","line":"cached: why","path":"/v3/assets",)"
      R"("query":"a=1","not_in_key":["environment"],"sorted":true,"scopes":[{"api_key":"blt1",)"
      R"("environment":"live","branch":"main","scope":"01","key":"02","coding":"gzip","stored":)"
      R"({"state":"stale","stored":"T","age_s":5,"fresh_for_s":-1,"stale_for_s":2,)"
      R"("on_error_for_s":9,"epoch":3,"purged":true,"bytes":7,"tags":["a:1","b:2"]},"origin":)"
      R"({"host":"https://cdn","state":"open","failures_in_a_row":3,"last_error":"no","trouble":"host-open","hit_for_miss":"lasting","fence_pauses":)"
      R"(true,"on_its_way":true},"next":{"line":"stale: so"},"decisions":[{"time":"T2",)"
      R"("status":200,"request_id":"i","line":"hit: why"}]}],"more":true})");
  REQUIRE(text);
  CHECK(*text ==
        "/v3/assets?a=1\n"
        "  route      cached: why\n"
        "  not in key environment\n"
        "  query      its parameters are sorted by name\n"
        "\nblt1 / live / main\n"
        "  next       stale: so\n"
        "  key        02 in scope 01\n"
        "  stored     T, after purge 3, gzip, 7 bytes, purged since\n"
        "  age        5 s; fresh no more, while a refresh runs for 2 s, while the origin fails for "
        "9 s\n"
        "  tags       a:1, b:2\n"
        "  origin     https://cdn, open, failures in a row: 3; not asked now (host-open); "
        "hit-for-miss "
        "(lasting); refills pause, for the last was outdated; an answer is on its way\n"
        "  error      no\n"
        "  before     T2  200  i  hit: why\n"
        "\nThere are more: name a branch or an environment.\n");
}

TEST_CASE("explain text: a request by its id, without control characters", "[daemon]") {
  const auto text = larder::explain_text(
      R"({"request_id":"i\u001b","decision":{"time":"T","status":200,"request_id":"i","line":)"
      R"("preview: why"},"scopes":[],"more":false})");
  REQUIRE(text);
  CHECK(*text == "request i?\n  was        T  200  i  preview: why\n");
  CHECK(larder::explain_text(R"({"scopes":[],"error":"nothing"})") == "\nnothing\n");
}
