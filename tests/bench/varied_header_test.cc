// SPDX-License-Identifier: Apache-2.0
#include "bench/load/varied_header.h"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>

using larder::bench::VariedHeader;

TEST_CASE("varied header: every request has another value, in the form of a traceparent",
          "[bench]") {
  VariedHeader header("traceparent");
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    header.add_to(request);
    const std::string lead = "GET / HTTP/1.1\r\nHost: x\r\ntraceparent: 00-";
    REQUIRE(request.starts_with(lead));
    REQUIRE(request.ends_with("-01\r\n\r\n"));
    const std::string value = request.substr(lead.size(), 32 + 1 + 16);
    CHECK(value.find_first_not_of("0123456789abcdef-") == std::string::npos);
    CHECK(request.size() == lead.size() + VariedHeader::kValueBytes - 3 + 4);
    seen.insert(value);
  }
  CHECK(seen.size() == 1'000);
}

TEST_CASE("varied header: without a name nothing is added", "[bench]") {
  VariedHeader header("");
  std::string request = "GET / HTTP/1.1\r\n\r\n";
  header.add_to(request);
  CHECK(request == "GET / HTTP/1.1\r\n\r\n");
}
