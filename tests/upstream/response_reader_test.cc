// SPDX-License-Identifier: Apache-2.0
#include "upstream/response_reader.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/gzip.h"

using namespace larder;
using larder::test::gzip;
using Outcome = ResponseReader::Outcome;

namespace {

struct Read {
  Outcome outcome = Outcome::incomplete;
  int status = 0;
  std::string body;
  std::size_t behind = 0;  ///< bytes that were not the answer's
  bool framed = false;
  bool keeps = false;
  std::string error;
};

/// Feeds `bytes` in pieces of `step`; `closes`: then the connection ends.
Read read(std::string_view bytes, std::size_t step, bool closes = false,
          Representation asked = Representation::gzip) {
  const UpstreamConfig config;
  ResponseReader reader(config, asked);
  Read result;
  std::size_t at = 0;
  while (at < bytes.size() && result.outcome == Outcome::incomplete) {
    const auto piece = bytes.substr(at, step);
    result.outcome = reader.feed(piece, result.body);
    at += result.outcome == Outcome::complete ? reader.consumed() : piece.size();
  }
  if (closes && result.outcome == Outcome::incomplete) result.outcome = reader.end();
  result.behind = bytes.size() - at;
  result.status = reader.head_complete() ? reader.facts().status : 0;
  result.framed = reader.framed();
  result.keeps = reader.keeps_connection();
  result.error = reader.error().context;
  return result;
}

}  // namespace

TEST_CASE("response reader: whole answers, in pieces of any length", "[upstream]") {
  struct Case {
    const char* name;
    const char* bytes;
    int status;
    const char* body;
    std::size_t behind;
    bool keeps;
  };
  const auto c = GENERATE(values<Case>({
      {"a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", 0, true},
      {"chunks",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\n\r\n",
       200, "hello", 0, true},
      {"chunks and trailers",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\nSet-Cookie: "
       "a=b\r\n\r\n",
       200, "hello", 0, true},
      {"no body", "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", 404, "", 0, true},
      {"204", "HTTP/1.1 204 No\r\n\r\n", 204, "", 0, true},
      {"a 204 that announces a body", "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello", 204, "",
       5, false},
      {"no reason", "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", 200, "x", 0, true},
      {"close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", 200, "x", 0,
       false},
      {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x", 0, false},
      {"HTTP/1.0 that keeps",
       "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", 200, "x", 0,
       true},
      {"interim answers before it",
       "HTTP/1.1 103 Early\r\nSet-Cookie: a=b\r\n\r\nHTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200 OK\r\n"
       "Content-Length: 1\r\n\r\nx",
       200, "x", 0, true},
      {"another answer behind it",
       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny",
       200, "x", 39, true},
  }));
  for (const std::size_t step : {std::size_t{1'000}, std::size_t{7}, std::size_t{1}}) {
    DYNAMIC_SECTION(c.name << ", in pieces of " << step) {
      const auto got = read(c.bytes, step);
      CAPTURE(got.error);
      CHECK(got.outcome == Outcome::complete);
      CHECK(got.status == c.status);
      CHECK(got.body == c.body);
      CHECK(got.behind == c.behind);
      CHECK(got.framed);
      CHECK(got.keeps == c.keeps);
    }
  }
}

TEST_CASE("response reader: fields of interim answers and trailers are nobody's", "[upstream]") {
  const UpstreamConfig config;
  ResponseReader reader(config, Representation::gzip);
  std::string body;
  reader.feed(
      "HTTP/1.1 103 Early\r\nSet-Cookie: a=b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: "
      "application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSet-Cookie: a=b\r\n\r\n",
      body);
  CHECK_FALSE(reader.facts().set_cookie);
  CHECK(reader.facts().content_type == "application/json");
}

TEST_CASE("response reader: an end without framing is a whole answer that nothing proves",
          "[upstream]") {
  const auto got = read("HTTP/1.1 200 OK\r\n\r\nhello", 1'000, true);
  CHECK(got.outcome == Outcome::complete);
  CHECK(got.body == "hello");
  CHECK_FALSE(got.framed);
  CHECK_FALSE(got.keeps);
}

TEST_CASE("response reader: what is no answer to the request is refused", "[upstream]") {
  const auto c = GENERATE(
      as<std::string>{}, "HTTP/2.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "HTTP/2 200 OK\r\n\r\n",
      "HTTP/1.2 200 OK\r\nContent-Length: 1\r\n\r\nx", "HTTP/0.9 200 OK\r\n\r\n",
      "HTTP/3 200 OK\r\n\r\n", "hello", "ICY 200 OK\r\n\r\n", "\r\n\r\n\r\nhello",
      "HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\n\r\n", "HTTP/1.1 103 x\r\nContent-Length: 5\r\n\r\n",
      "HTTP/1.1 100 x\r\nTransfer-Encoding: chunked\r\n\r\n", "http/1.1 200 OK\r\n\r\n",
      " HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 600 x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\tA: b\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 000 No\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 -1 No\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: foo\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
      "chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\nContent-Length: 1\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
      "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 1\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nA : b\r\nContent-Length: 1\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 1\r\n\r\nx",
      std::string("HTTP/1.1 200 OK\r\nA: b") + '\0' + "c\r\nContent-Length: 1\r\n\r\nx",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: " + std::string(70'000, 'a') + "\r\nContent-Length: 1\r\n\r\nx");
  for (const std::size_t step : {std::size_t{100'000}, std::size_t{1}}) {
    CAPTURE(c.substr(0, 100), step);
    const auto got = read(c, step, true);
    CHECK(got.outcome == Outcome::refused);
    CHECK_FALSE(got.error.empty());
  }
}

TEST_CASE("response reader: a header that contradicts itself is refused", "[upstream]") {
  for (const char* lines : {"Content-Type: a/b\r\nContent-Type: c/d\r\n",
                            "Content-Encoding: gzip\r\nContent-Encoding: br\r\n"}) {
    CAPTURE(lines);
    const std::string answer =
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n" + std::string(lines) + "\r\nx";
    CHECK(read(answer, 7).outcome == Outcome::refused);
  }
}

TEST_CASE("response reader: a coding that nobody asked for is taken off, or refused",
          "[upstream]") {
  const std::string text = "{\"entry\":{\"title\":\"" + std::string(3'000, 't') + "\"}}";
  const auto answer = [](const std::string& coding, const std::string& body) {
    return "HTTP/1.1 200 OK\r\nContent-Encoding: " + coding +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  };
  const std::string packed = gzip(text);
  for (const std::size_t step : {std::size_t{100'000}, std::size_t{1}}) {
    for (const char* const name : {"gzip", "x-gzip", "GZIP"}) {
      CAPTURE(step, name);
      const auto asked = read(answer(name, packed), step);
      CHECK(asked.outcome == Outcome::complete);
      CHECK(asked.body == packed);
      const auto unasked = read(answer(name, packed), step, false, Representation::identity);
      CHECK(unasked.outcome == Outcome::complete);
      CHECK(unasked.body == text);
      CHECK(unasked.framed);
    }
    for (const auto& [coding, body] : std::vector<std::pair<std::string, std::string>>{
             {"br", text},
             {"deflate", text},
             {"gzip, gzip", gzip(packed)},
             {"gzip", text},
             {"gzip", packed.substr(0, packed.size() - 9)},
             {"gzip", packed + "more"},
             {"gzip", gzip(std::string(2'000'000, 'x'))}}) {
      CAPTURE(step, coding, body.size());
      CHECK(read(answer(coding, body), step, true, Representation::identity).outcome ==
            Outcome::refused);
    }
    for (const char* const coding : {"br", "deflate", "gzip, gzip"}) {
      CHECK(read(answer(coding, text), step).outcome == Outcome::refused);
    }
    const auto empty = read(answer("gzip", ""), step, false, Representation::identity);
    CHECK(empty.outcome == Outcome::complete);
    CHECK(empty.body.empty());
  }
}

TEST_CASE("response reader: a flood of interim answers or chunk extensions is refused",
          "[upstream]") {
  std::string flood;
  for (int i = 0; i < 50; ++i) flood += "HTTP/1.1 102 Wait\r\n\r\n";
  CHECK(read(flood, 1'000).outcome == Outcome::refused);
  std::string chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 100; ++i) chunks += "1;" + std::string(1'000, 'e') + "=1\r\nx\r\n";
  CHECK(read(chunks, 1'000).outcome == Outcome::refused);
}

TEST_CASE("response reader: an answer cut short is refused", "[upstream]") {
  for (const std::string_view whole :
       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      CAPTURE(whole, length);
      CHECK(read(whole.substr(0, length), 1'000, true).outcome == Outcome::refused);
    }
  }
}
