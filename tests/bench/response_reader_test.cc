// SPDX-License-Identifier: Apache-2.0
#include "bench/load/response_reader.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <string_view>

using larder::bench::ResponseReader;
using Progress = ResponseReader::Progress;

namespace {

constexpr std::string_view kCounted =
    "HTTP/1.1 200 OK\r\ncontent-LENGTH: 5 \r\nETag: \"x\"\r\n\r\nhello";
constexpr std::string_view kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: x\r\n\r\n";

std::uint64_t hash_of(std::string_view answer) {
  ResponseReader reader(true);
  REQUIRE(reader.feed(answer) == Progress::done);
  return reader.body_hash();
}

}  // namespace

TEST_CASE("response reader: pieces of any length make the same answer", "[bench]") {
  const std::string_view answer = GENERATE(kCounted, kChunked);
  const std::size_t step = GENERATE(1u, 2u, 3u, 7u, 20u, 1'000u);
  CAPTURE(step);
  ResponseReader reader(true);
  Progress last = Progress::more;
  for (std::size_t at = 0; at < answer.size(); at += step) {
    REQUIRE(last == Progress::more);
    last = reader.feed(answer.substr(at, step));
  }
  CHECK(last == Progress::done);
  CHECK(reader.status() == 200);
  CHECK(reader.body_bytes() == 5);
  CHECK(reader.body_hash() == hash_of(kCounted));
  CHECK_FALSE(reader.closes());
}

TEST_CASE("response reader: another body has another hash", "[bench]") {
  CHECK(hash_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhellO") != hash_of(kCounted));
}

TEST_CASE("response reader: 304 and 204 have no body whatever they announce", "[bench]") {
  ResponseReader reader;
  CHECK(reader.feed("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n") == Progress::done);
  CHECK(reader.body_bytes() == 0);
}

TEST_CASE("response reader: without a length the end of the connection ends the body", "[bench]") {
  ResponseReader reader;
  CHECK(reader.feed("HTTP/1.1 200 OK\r\n\r\nhel") == Progress::more);
  CHECK(reader.feed("lo") == Progress::more);
  CHECK(reader.end() == Progress::done);
  CHECK(reader.body_bytes() == 5);
  CHECK(reader.closes());
}

TEST_CASE("response reader: a close in the middle of a counted body is a broken answer",
          "[bench]") {
  ResponseReader reader;
  CHECK(reader.feed(kCounted.substr(0, kCounted.size() - 1)) == Progress::more);
  CHECK(reader.end() == Progress::broken);
}

TEST_CASE("response reader: what is no answer, or more than one, is broken", "[bench]") {
  const std::string_view text =
      GENERATE("SSH-2.0-x\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n",
               "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
               "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
  CAPTURE(text);
  ResponseReader reader;
  CHECK(reader.feed(text) == Progress::broken);
}

TEST_CASE("response reader: Connection: close and HTTP/1.0 take no further request", "[bench]") {
  const std::string_view text =
      GENERATE("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n",
               "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n");
  ResponseReader reader;
  CHECK(reader.feed(text) == Progress::done);
  CHECK(reader.closes());
  reader.reset();
  CHECK(reader.feed(kCounted) == Progress::done);
  CHECK_FALSE(reader.closes());
}

TEST_CASE("response reader: Cache-Status is kept until the next answer", "[bench]") {
  ResponseReader reader;
  REQUIRE(reader.feed("HTTP/1.1 200 OK\r\ncache-status: larder; hit; ttl=4\r\nContent-Length: "
                      "0\r\n\r\n") == Progress::done);
  CHECK(reader.cache_status() == "larder; hit; ttl=4");
  reader.reset();
  CHECK(reader.cache_status().empty());
}
