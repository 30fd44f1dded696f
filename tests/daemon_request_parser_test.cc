// SPDX-License-Identifier: Apache-2.0
#include "daemon/request_parser.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

namespace {

using larder::Method;
using larder::RequestParser;
using Outcome = RequestParser::Outcome;

struct Case {
  std::string name;
  std::string bytes;
  Outcome outcome;
  int status;  ///< of the refusal
  bool must_close;
};

}  // namespace

TEST_CASE("request parser: what it takes, refuses and closes after", "[daemon]") {
  const larder::ServerConfig config;
  const auto row = GENERATE(values<Case>({
      {"plain GET", "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", Outcome::complete, 0, false},
      {"two blank lines first", "\r\n\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n", Outcome::complete, 0,
       false},
      {"three blank lines first", "\r\n\r\n\r\nGET /a HTTP/1.1\r\n\r\n", Outcome::refused, 400,
       true},
      {"Connection: close", "GET /a HTTP/1.1\r\nConnection: close\r\n\r\n", Outcome::complete, 0,
       true},
      {"HTTP/1.0 keep-alive", "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
       Outcome::complete, 0, true},
      {"upgrade", "GET /a HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
       Outcome::complete, 0, true},
      {"body", "GET /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /", Outcome::complete, 0, true},
      {"chunked", "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       Outcome::complete, 0, true},
      {"two blanks", "GET  /a HTTP/1.1\r\n\r\n", Outcome::refused, 400, true},
      {"lower case protocol", "GET /a http/1.1\r\n\r\n", Outcome::refused, 400, true},
      {"bare LF", "GET /a HTTP/1.1\nHost: x\n\n", Outcome::refused, 400, true},
      {"obs-fold", "GET /a HTTP/1.1\r\nA: b\r\n c\r\n\r\n", Outcome::refused, 400, true},
      {"blank before colon", "GET /a HTTP/1.1\r\nA : b\r\n\r\n", Outcome::refused, 400, true},
      {"NUL in a value", std::string("GET /a HTTP/1.1\r\nA: b\0c\r\n\r\n", 27), Outcome::refused,
       400, true},
      {"HTTP/0.9", "GET /a\r\n\r\n", Outcome::refused, 400, true},
      {"HTTP/1.2", "GET /a HTTP/1.2\r\n\r\n", Outcome::refused, 505, true},
      {"RTSP", "GET /a RTSP/1.0\r\n\r\n", Outcome::refused, 400, true},
      {"underscored name", "GET /a HTTP/1.1\r\napi_key: k\r\n\r\n", Outcome::complete, 0, false},
      {"TLS hello", "\x16\x03\x01\x02", Outcome::refused, 400, true},
      {"half a request", "GET /a HTTP/1.1\r\nHo", Outcome::incomplete, 0, false},
  }));
  CAPTURE(row.name, row.bytes);
  RequestParser parser(config);
  REQUIRE(parser.feed(row.bytes) == row.outcome);
  if (row.outcome == Outcome::refused) {
    CHECK(parser.refusal().status == row.status);
    CHECK(parser.refusal().close);
  }
  if (row.outcome == Outcome::complete) CHECK(parser.must_close() == row.must_close);
}

TEST_CASE("request parser: bytes behind a request belong to the next", "[daemon]") {
  const larder::ServerConfig config;
  RequestParser parser(config);
  const std::string first = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string both = first + "HEAD /b HTTP/1.1\r\nHost: y\r\n\r\n";
  REQUIRE(parser.feed(both) == Outcome::complete);
  CHECK(parser.consumed() == first.size());
  CHECK(parser.view(both).target == "/a");
  parser.reset();
  const auto rest = std::string_view(both).substr(first.size());
  REQUIRE(parser.feed(rest) == Outcome::complete);
  CHECK(parser.consumed() == rest.size());
  CHECK(parser.view(rest).method == Method::head);
  CHECK(parser.view(rest).target == "/b");
}

TEST_CASE("request parser: a request cut anywhere parses to the same view, wherever its bytes move",
          "[daemon]") {
  const larder::ServerConfig config;
  const std::string whole =
      "GET /v3/x?y=%20 HTTP/1.1\r\nHost: larder\r\napi_key:  k \r\nempty:\r\nUser-Agent: {'a': "
      "['b']}\r\n\r\n";
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    CAPTURE(cut);
    RequestParser parser(config);
    const std::string head = whole.substr(0, cut);
    REQUIRE(parser.feed(head) == Outcome::incomplete);
    const std::string moved = whole;
    REQUIRE(parser.feed(moved) == Outcome::complete);
    const auto view = parser.view(moved);
    CHECK(view.target == "/v3/x?y=%20");
    REQUIRE(view.headers.size() == 4);
    CHECK(view.headers[1].name == "api_key");
    CHECK(view.headers[1].value == "k");
    CHECK(view.headers[2].value.empty());
    CHECK(view.headers[3].value == "{'a': ['b']}");
  }
}

TEST_CASE("request parser: sizes are bounded and each bound has its status", "[daemon]") {
  const larder::ServerConfig config;
  RequestParser parser(config);
  const auto refused = [&](const std::string& bytes) {
    parser.reset();
    return parser.feed(bytes) == Outcome::refused ? parser.refusal().status : 0;
  };
  CHECK(refused("GET /" + std::string(16 * 1024, 'a') + " HTTP/1.1\r\n\r\n") == 414);
  CHECK(refused("GET /" + std::string(16 * 1024 - 1, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n") == 0);
  CHECK(refused("GET / HTTP/1.1\r\nA: " + std::string(8193, 'a') + "\r\n\r\n") == 431);
  CHECK(refused("GET / HTTP/1.1\r\n" + std::string(8193, 'a') + ": b\r\n\r\n") == 431);
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 64; ++i) many += "A: b\r\n";
  CHECK(refused(many + "\r\n") == 0);
  CHECK(refused(many + "A: b\r\n\r\n") == 431);
  std::string large = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 9; ++i) large += "A: " + std::string(2000, 'b') + "\r\n";
  CHECK(refused(large + "\r\n") == 431);
}
