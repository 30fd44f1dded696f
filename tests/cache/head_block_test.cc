// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>

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
  const HeadBlocks whole = build_head_blocks(facts, "\"tag\"", 12);
  CHECK(whole.entity ==
        "Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n");
  CHECK(whole.shared == "ETag: \"tag\"\r\nVary: Accept-Encoding\r\nx-runtime: 5\r\n");

  const HeadBlocks streamed = build_head_blocks(facts, "", std::nullopt);
  CHECK(streamed.entity == "Content-Type: application/json\r\nContent-Encoding: gzip\r\n");
  CHECK(streamed.shared == "Vary: Accept-Encoding\r\nx-runtime: 5\r\n");
}

TEST_CASE("head block: identity is not named, an empty body has its length", "[cache]") {
  ResponseFacts facts;
  add_header_line(facts, "Content-Encoding: identity");
  CHECK(build_head_blocks(facts, "", 0).entity == "Content-Length: 0\r\n");
}

TEST_CASE("head block: an answer that varies on more is nobody's to reuse", "[cache]") {
  ResponseFacts facts;
  add_header_line(facts, "Vary: Origin");
  CHECK(build_head_blocks(facts, "", std::nullopt).shared == "Vary: *\r\n");
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
