// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <vector>

#include "cache/http/response.h"

using namespace larder;

TEST_CASE("head block: entity fields and shared fields", "[cache]") {
  ResponseFacts facts;
  facts.status = 200;
  for (const char* line :
       {"Content-Type: application/json", "Content-Encoding: gzip", "x-runtime: 5",
        "Vary: Accept-Encoding", "Content-Length: 99", "ETag: \"origin\""}) {
    add_header_line(facts, line);
  }
  const HeadBlocks whole = build_head_blocks(facts, "\"tag\"", 12, "");
  CHECK(whole.entity ==
        "Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n");
  CHECK(whole.shared == "ETag: \"tag\"\r\nVary: Accept-Encoding\r\nx-runtime: 5\r\n");

  const HeadBlocks streamed = build_head_blocks(facts, "", std::nullopt, "");
  CHECK(streamed.entity == "Content-Type: application/json\r\nContent-Encoding: gzip\r\n");
  CHECK(streamed.shared == "Vary: Accept-Encoding\r\nx-runtime: 5\r\n");
}

TEST_CASE("head block: identity is not named, an empty body has its length", "[cache]") {
  ResponseFacts facts;
  add_header_line(facts, "Content-Encoding: identity");
  CHECK(build_head_blocks(facts, "", 0, "").entity == "Content-Length: 0\r\n");
}

TEST_CASE("head block: Vary is the origin's own, with what larder chooses by", "[cache]") {
  struct Case {
    std::vector<const char*> lines;
    const char* expected;
  };
  const auto c = GENERATE(values<Case>({
      {{}, "Accept-Encoding"},
      {{"Vary:"}, "Accept-Encoding"},
      {{"Vary: accept-encoding"}, "accept-encoding"},
      {{"Vary: Origin"}, "Origin, Accept-Encoding"},
      {{"Vary: Origin, Accept-Encoding"}, "Origin, Accept-Encoding"},
      {{"Vary: api_key,branch", "Vary: Accept-Encoding"}, "api_key,branch, Accept-Encoding"},
      {{"Vary: *"}, "*"},
      {{"Vary: Origin, *"}, "Origin, *"},
  }));
  ResponseFacts facts;
  for (const char* line : c.lines) add_header_line(facts, line);
  CAPTURE(c.expected);
  CHECK(build_head_blocks(facts, "", std::nullopt, "").shared ==
        "Vary: " + std::string(c.expected) + "\r\n");
}

TEST_CASE("head block: the origin's Date stays, and another stands in for none", "[cache]") {
  const std::string vary = "Vary: Accept-Encoding\r\n";
  ResponseFacts facts;
  CHECK(build_head_blocks(facts, "", 0, "").shared == vary);
  CHECK(build_head_blocks(facts, "", 0, "now").shared == vary + "Date: now\r\n");
  add_header_line(facts, "Date: today");
  CHECK(build_head_blocks(facts, "", 0, "now").shared == vary + "Date: now\r\n");
  add_header_line(facts, "Date: Tue, 15 Nov 1994 12:45:26 GMT");
  CHECK(build_head_blocks(facts, "", 0, "now").shared ==
        vary + "Date: Tue, 15 Nov 1994 12:45:26 GMT\r\n");
}

TEST_CASE("head block: status lines", "[cache]") {
  CHECK(status_line(200) == "HTTP/1.1 200 OK\r\n");
  CHECK(status_line(304) == "HTTP/1.1 304 Not Modified\r\n");
  CHECK(status_line(422) == "HTTP/1.1 422 Unprocessable Content\r\n");
  CHECK(status_line(418) == "HTTP/1.1 418 Other\r\n");
  CHECK(status_line(599) == "HTTP/1.1 599 Other\r\n");
  CHECK(status_line(99) == "HTTP/1.1 502 Bad Gateway\r\n");
  CHECK(status_line(600) == "HTTP/1.1 502 Bad Gateway\r\n");
}
