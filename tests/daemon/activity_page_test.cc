// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/activity_page.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace larder;

namespace {

std::optional<ActivityPage> read(std::string_view body) {
  ActivityReading reading;
  for (std::size_t i = 0; i < body.size(); i += 5) reading.feed(body.substr(i, 5));
  return reading.finish();
}

}  // namespace

TEST_CASE("activity page: the latest time of each content type") {
  const auto page = read(R"({"content_types":[
      {"uid":"blog","last_activity":{"environments":[{"uid":"bltenv","details":[
          {"locale":"fr","time":"2020-01-01T00:00:02.000Z"},
          {"locale":"en","time":"2020-01-01T00:00:01.000Z"}]}]}},
      {"last_activity":"2020-01-01T00:00:03.000Z","uid":"page"},
      {"uid":"new","last_activity":{}},{"uid":"newer","last_activity":null}]})");
  REQUIRE(page);
  CHECK(page->followed);
  REQUIRE(page->types.size() == 4);
  CHECK(page->types[0].uid == "blog");
  CHECK(page->types[0].at.ms == 1'577'836'802'000);
  CHECK(page->types[1].uid == "page");
  CHECK(page->types[1].at.ms == 1'577'836'803'000);
  CHECK(page->types[2].at.ms == 0);
  CHECK(page->types[3].at.ms == 0);
}

TEST_CASE("activity page: of a shape that larder does not know only the fingerprint is left") {
  const auto body = GENERATE(values<std::string>({
      R"({"content_types":{}})",
      R"({"schemas":[]})",
      R"({"content_types":["blog"]})",
      R"({"content_types":[{"last_activity":{}}]})",
      R"({"content_types":[{"uid":"blog"}]})",
      R"({"content_types":[{"uid":"blog","last_activity":"yesterday"}]})",
  }));
  CAPTURE(body);
  const auto page = read(body);
  REQUIRE(page);
  CHECK_FALSE(page->followed);
  CHECK(page->fingerprint == read(body)->fingerprint);
  CHECK(page->fingerprint != read(body + " ")->fingerprint);
}

TEST_CASE("activity page: what is no whole JSON object is nothing") {
  const auto body = GENERATE(values<std::string>({"", "[]", "{\"content_types\":[", "<html>"}));
  CAPTURE(body);
  CHECK_FALSE(read(body));
}
