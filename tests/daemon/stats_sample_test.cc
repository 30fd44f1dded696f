// SPDX-License-Identifier: Apache-2.0
#include "daemon/stats_sample.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace larder;

TEST_CASE("stats sample: what there is of a status", "[daemon]") {
  const auto sample = parse_stats_sample(
      R"({"version":"1","state":"serving","uptime_s":7,"requests":{"hit":3,"miss":1},)"
      R"("latency_us":{"cache":[[8,2],[16,1]],"origin":[]},"origin":{"fills":4,"active":1},)"
      R"("purges":{"done":2,"failed":1},"store":{"objects":5,"state":"writes"},)"
      R"("memory":{"own_bytes":9},"hosts":[{"name":"https://a","for":"delivery","state":"open",)"
      R"("running":{"visitor":1,"refresh":2},"last_error":{"text":"no\u001b way"}},"odd"]})");
  REQUIRE(sample);
  CHECK(sample->uptime_s == 7);
  CHECK(sample->requests.at("hit") == 3);
  CHECK(sample->cache_us == StatsSample::Histogram{{8, 2}, {16, 1}});
  CHECK(sample->fills == 4);
  CHECK(sample->purges == 2);
  CHECK(sample->purges_failed == 1);
  CHECK(sample->own_bytes == 9);
  REQUIRE(sample->hosts.size() == 1);
  CHECK(sample->hosts[0].running == 3);
  CHECK(sample->hosts[0].last_error == "no? way");
}

TEST_CASE("stats sample: a daemon of another version, or none", "[daemon]") {
  const auto empty = parse_stats_sample("{}");
  REQUIRE(empty);
  CHECK(empty->requests.empty());
  const auto* const odd = GENERATE(
      R"({"requests":[1],"latency_us":{"cache":[[1],["a",2],7]},"hosts":{"a":1},"store":3})",
      R"({"requests":{"hit":-1},"uptime_s":"x"})");
  CAPTURE(odd);
  const auto read = parse_stats_sample(odd);
  REQUIRE(read);
  CHECK(read->cache_us.empty());
  CHECK(read->requests.empty());
  const auto* const none = GENERATE("", "no", "[]", "{");
  CAPTURE(none);
  CHECK_FALSE(parse_stats_sample(none));
}
