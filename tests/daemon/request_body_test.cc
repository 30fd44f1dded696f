// SPDX-License-Identifier: Apache-2.0
#include "daemon/http1/request_body.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <vector>

#include "daemon/http1/request_parser.h"

using namespace larder;

namespace {

using Outcome = RequestBody::Outcome;
constexpr Bytes kMost = 20;

/// In pieces of so many bytes; ends with the first outcome that is not `more`.
Outcome feed(RequestBody& body, std::string_view bytes, std::size_t piece) {
  Outcome outcome = Outcome::more;
  for (; !bytes.empty() && outcome == Outcome::more;) {
    outcome = body.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  return outcome;
}

}  // namespace

TEST_CASE("webhook body: by its length or in chunks, however it is cut", "[daemon]") {
  struct Case {
    std::string name, field, value, bytes;
    Outcome outcome;
    std::string text = "";
  };
  const std::string chunked = "Transfer-Encoding", length = "Content-Length";
  const Case c = GENERATE_COPY(values<Case>({
      {"length", length, "5", "hello", Outcome::whole, "hello"},
      {"more behind it", length, "5", "helloPOST", Outcome::whole, "hello"},
      {"not whole", length, "6", "hello", Outcome::more, "hello"},
      {"as long as may be", length, "20", std::string(20, 'a'), Outcome::whole,
       std::string(20, 'a')},
      {"a chunk", chunked, "chunked", "5\r\nhello\r\n0\r\n\r\n", Outcome::whole, "hello"},
      {"its name in capitals", chunked, "CHUNKED", "0\r\n\r\n", Outcome::whole},
      {"two chunks", chunked, "chunked", "5\r\nhello\r\n00a\r\n, receiver\r\n0\r\n\r\n",
       Outcome::whole, "hello, receiver"},
      {"extensions", chunked, "chunked", "5;a=b\r\nhello\r\n0 ;c\r\n\r\n", Outcome::whole, "hello"},
      {"trailers", chunked, "chunked", "0\r\nA: b\r\nC: d\r\n\r\n", Outcome::whole},
      {"as much in chunks", chunked, "chunked", "14\r\n" + std::string(20, 'a') + "\r\n0\r\n\r\n",
       Outcome::whole, std::string(20, 'a')},
      {"too much in a chunk", chunked, "chunked", "15\r\n", Outcome::too_large},
      {"too much in two", chunked, "chunked", "5\r\nhello\r\n10\r\n", Outcome::too_large, "hello"},
      {"too many digits", chunked, "chunked", "000000005\r\n", Outcome::too_large},
      {"no size", chunked, "chunked", "\r\n", Outcome::malformed},
      {"no hex", chunked, "chunked", "x\r\n", Outcome::malformed},
      {"a sign", chunked, "chunked", "+5\r\n", Outcome::malformed},
      {"a bare line end", chunked, "chunked", "5\nhello", Outcome::malformed},
      {"a bare CR", chunked, "chunked", "5\rhello", Outcome::malformed},
      {"a longer chunk than it says", chunked, "chunked", "4\r\nhello\r\n", Outcome::malformed,
       "hell"},
      {"a bare line end behind a chunk", chunked, "chunked", "5\r\nhello\n0\r\n\r\n",
       Outcome::malformed, "hello"},
      {"a bare line end in a trailer", chunked, "chunked", "0\r\nA: b\n\r\n", Outcome::malformed},
      {"extensions without end", chunked, "chunked", "5;" + std::string(9'000, 'a'),
       Outcome::malformed},
      {"trailers without end", chunked, "chunked", "0\r\n" + std::string(9'000, 'a'),
       Outcome::malformed},
  }));
  const std::size_t piece = GENERATE(1, 2, 3, 100'000);
  DYNAMIC_SECTION(c.name << ", in pieces of " << piece) {
    RequestBody body;
    const std::vector<HeaderView> headers = {{"Host", "x"}, {c.field, c.value}};
    Outcome outcome = body.begin(headers, kMost);
    if (outcome == Outcome::more) outcome = feed(body, c.bytes, piece);
    CHECK(outcome == c.outcome);
    CHECK(body.text() == c.text);
  }
}

TEST_CASE("webhook body: what its header says is judged before it comes", "[daemon]") {
  struct Case {
    std::vector<HeaderView> headers;
    Outcome outcome;
  };
  const Case c = GENERATE(values<Case>({
      {{}, Outcome::whole},
      {{{"content-length", "0"}}, Outcome::whole},
      {{{"content-length", "20"}}, Outcome::more},
      {{{"content-length", "21"}}, Outcome::too_large},
      {{{"content-length", "9999999999999999999999"}}, Outcome::too_large},
      {{{"content-length", "5x"}}, Outcome::malformed},
      {{{"content-length", ""}}, Outcome::malformed},
      {{{"transfer-encoding", "gzip, chunked"}}, Outcome::malformed},
      {{{"transfer-encoding", "identity"}}, Outcome::malformed},
      {{{"transfer-encoding", "chunked"}, {"transfer-encoding", "chunked"}}, Outcome::malformed},
  }));
  RequestBody body;
  CHECK(body.begin(c.headers, kMost) == c.outcome);
}

TEST_CASE("webhook body: it begins where the parser of requests has stopped", "[daemon]") {
  const std::string head = "POST /w HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nX-Last: y\r\n\r\n";
  for (std::size_t cut = 1; cut <= head.size(); ++cut) {
    const std::string request = head + "hello";
    RequestParser parser{ServerConfig{}};
    auto outcome = parser.feed(std::string_view(request).substr(0, cut));
    if (outcome == RequestParser::Outcome::incomplete) outcome = parser.feed(request);
    REQUIRE(outcome == RequestParser::Outcome::complete);
    REQUIRE(parser.consumed() == head.size());
  }
}
