// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/top_requests.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace larder;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;

namespace {

AccessRecord record_of(Outcome outcome, std::uint32_t us = 10, std::uint64_t bytes = 100) {
  AccessRecord record;
  record.outcome = outcome;
  record.duration_us = us;
  record.body_bytes = bytes;
  return record;
}

RequestSample sample_of(std::string_view target, Outcome outcome = Outcome::hit) {
  RequestSample sample;
  sample.request = record_of(outcome);
  sample.request.set_target(target);
  sample.set_place("blt1", "production", "main");
  return sample;
}

std::vector<std::string> targets(const std::vector<FrequentRows::Row>& rows) {
  std::vector<std::string> found;
  for (const auto& row : rows) found.push_back(row.target);
  return found;
}

}  // namespace

TEST_CASE("top requests: rows sorted by each kind of rank", "[daemon]") {
  FrequentRows rows(8);
  for (int i = 0; i < 5; ++i) rows.add("/often", "p", record_of(Outcome::hit));
  for (int i = 0; i < 2; ++i) rows.add("/missed", "p", record_of(Outcome::miss, 50));
  rows.add("/large", "p", record_of(Outcome::hit, 10, 9'000));
  rows.add("/slow", "p", record_of(Outcome::joined, 7'000));
  CHECK(targets(rows.top(TopBy::requests, 2)) == std::vector<std::string>{"/often", "/missed"});
  CHECK(targets(rows.top(TopBy::misses, 9)) == std::vector<std::string>{"/missed", "/slow"});
  CHECK(targets(rows.top(TopBy::bytes, 1)) == std::vector<std::string>{"/large"});
  CHECK(targets(rows.top(TopBy::time, 1)) == std::vector<std::string>{"/slow"});
}

TEST_CASE("top requests: the same target in two scopes is two rows", "[daemon]") {
  FrequentRows rows(8);
  rows.add("/a", "one", record_of(Outcome::hit));
  rows.add("/a", "two", record_of(Outcome::hit));
  CHECK(rows.size() == 2);
}

TEST_CASE("top requests: a bound on rows, which what is hot stands, and an honest error",
          "[daemon]") {
  FrequentRows rows(4);
  for (int i = 0; i < 400; ++i) {
    rows.add("/hot", "p", record_of(Outcome::hit));
    rows.add("/once" + std::to_string(i), "p", record_of(Outcome::miss));
  }
  CHECK(rows.size() == 4);
  const auto top = rows.top(TopBy::requests, 1);
  REQUIRE(top.size() == 1);
  CHECK(top[0].target == "/hot");
  CHECK(top[0].samples == 400);
  CHECK(top[0].too_many == 0);
  for (const auto& row : rows.top(TopBy::requests, 4)) {
    CAPTURE(row.target);
    CHECK(row.samples - row.too_many == row.seen);
  }
}

TEST_CASE("top requests: ageing halves, keeps means, and forgets what nobody asks for",
          "[daemon]") {
  FrequentRows rows(8);
  for (int i = 0; i < 4; ++i) rows.add("/a", "p", record_of(Outcome::miss, 100));
  rows.add("/b", "p", record_of(Outcome::hit));
  rows.age();
  const auto left = rows.top(TopBy::requests, 9);
  REQUIRE(left.size() == 1);
  CHECK(left[0].samples == 2);
  CHECK(left[0].missed == 2);
  CHECK(left[0].sum_us / left[0].seen == 100);
  rows.add("/a", "p", record_of(Outcome::hit));
  CHECK(rows.size() == 1);
}

TEST_CASE("top requests: JSON by URL and by scope, without any token", "[daemon]") {
  TopRequests top(10);
  CHECK(top.json(TopBy::requests, 5) == "{\"samples\":0,\"urls\":[],\"scopes\":[]}\n");
  top.add(sample_of("/v3/assets?access_token=cs0123456789abcdef01234567"));
  top.add(sample_of("/v3/assets?access_token=cs0123456789abcdef01234567", Outcome::miss));
  const std::string json = top.json(TopBy::requests, 5);
  CHECK_THAT(json, ContainsSubstring("\"samples\":2"));
  CHECK_THAT(json,
             ContainsSubstring(R"("urls":[{"scope":"blt1/production/main","url":"/v3/assets?)"));
  CHECK_THAT(json, ContainsSubstring(R"("scopes":[{"scope":"blt1/production/main","samples":2)"));
  CHECK_THAT(json, ContainsSubstring(R"("missed":1)"));
  CHECK_THAT(json, !ContainsSubstring("cs0123456789abcdef01234567"));
  top.age(MonotonicTime{1'000});
  CHECK(top.json(TopBy::requests, 5) == json);
  top.age(MonotonicTime{1'000 + TopRequests::kAgeMs});
  CHECK_THAT(top.json(TopBy::requests, 5), ContainsSubstring("\"samples\":1"));
}

TEST_CASE("request sample: of a place a part that is too long is left out whole", "[daemon]") {
  RequestSample sample;
  sample.set_place("a", std::string(200, 'e'), "main");
  CHECK(std::string_view(sample.place.data()) == "a/.../main");
  const std::string token = "cs0123456789abcdef01234567";
  for (std::size_t length = 70; length < 130; ++length) {
    sample.set_place("a", std::string(length, 'e') + token, token);
    CAPTURE(sample.place.data());
    const std::string place = sample.place.data();
    for (auto at = place.find("cs0"); at != place.npos; at = place.find("cs0", at + 1)) {
      CHECK(place.substr(at, token.size()) == token);
    }
  }
  sample.set_place("a", "e", "b");
  CHECK(std::string_view(sample.place.data()) == "a/e/b");
}

TEST_CASE("record ring: bounded, in order, and what is lost is counted", "[daemon]") {
  RecordRing<int> ring(2);
  int got = 0;
  CHECK_FALSE(ring.pop(got));
  CHECK(ring.push(1));
  CHECK(ring.push(2));
  CHECK_FALSE(ring.has_room());
  CHECK_FALSE(ring.push(3));
  CHECK(ring.lost() == 1);
  REQUIRE(ring.pop(got));
  CHECK(got == 1);
  CHECK(ring.has_room());
}
