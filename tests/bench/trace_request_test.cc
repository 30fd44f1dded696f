// SPDX-License-Identifier: Apache-2.0
#include "bench/trace/trace_request.h"

#include <catch2/catch_test_macros.hpp>

using namespace larder::bench;

TEST_CASE("trace request: plain keys are seen in the URL, others become a hash", "[bench]") {
  CHECK(trace_uid("17") == "t_17");
  CHECK(trace_uid("a_B-9") == "t_a_B-9");
  const std::string hashed = trace_uid("/images/a.gif?x=1");
  CHECK(hashed.starts_with("th"));
  CHECK(hashed.size() <= 18);
  CHECK(hashed != trace_uid("/images/b.gif?x=1"));
  CHECK(trace_uid(std::string(101, 'a')).starts_with("th"));
  CHECK(trace_target("t_17") == "/v3/content_types/sized/entries/t_17?environment=production");
}

TEST_CASE("trace request: sizes are scaled, and kept within what a sandbox can give", "[bench]") {
  CHECK(body_bytes_of(1, 1) == 2);
  CHECK(body_bytes_of(1, 1'024) == 1'024);
  CHECK(body_bytes_of(1'000, 1) == 1'000);
  CHECK(body_bytes_of(1u << 30, 1) == 64u << 20);
}

TEST_CASE("trace request: a purge makes of its key what the next request expects", "[bench]") {
  const ReplayTrace trace = parse_replay_trace("0,a,10\n0,a,0\n0,b,5\n0,a,20\n0,b,0\n0,a,0\n", "t");
  CHECK(coming_sizes(trace) == std::vector<std::uint64_t>{10, 20, 5, 20, 0, 0});
}
