// SPDX-License-Identifier: Apache-2.0
#include "upstream/answer_framing.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <vector>

namespace larder {
namespace {

using Verdict = AnswerFraming::Verdict;
using Body = AnswerFraming::Body;
using Lines = std::vector<std::string>;

AnswerFraming judged(const Lines& lines) {
  AnswerFraming framing;
  for (const auto& line : lines) {
    if (framing.add_line(line) == Verdict::refused) break;
  }
  return framing;
}

struct Case {
  const char* name;
  Lines lines;  ///< without the empty one that ends the head
  Verdict verdict;
  Body body = Body::unbounded;
};

constexpr const char* kOk = "HTTP/1.1 200 OK";

TEST_CASE("answer framing: which heads are sound, the last of a connection, or refused") {
  const auto c = GENERATE(values<Case>({
      {"a length", {kOk, "Content-Length: 5"}, Verdict::sound, Body::length},
      {"chunks", {kOk, "transfer-encoding:  Chunked "}, Verdict::sound, Body::chunked},
      {"no reason", {"HTTP/1.1 200", "Content-Length: 5"}, Verdict::sound, Body::length},
      {"nothing says where it ends", {kOk, "A: b"}, Verdict::last},
      {"says close",
       {kOk, "Content-Length: 5", "Connection: a, Close"},
       Verdict::last,
       Body::length},
      {"HTTP/1.0", {"HTTP/1.0 200 OK", "Content-Length: 5"}, Verdict::last, Body::length},
      {"HTTP/1.0 that would stay",
       {"HTTP/1.0 200 OK", "Content-Length: 5", "Connection: keep-alive"},
       Verdict::last,
       Body::length},
      {"chunks and a length",
       {kOk, "Content-Length: 5", "Transfer-Encoding: chunked"},
       Verdict::last,
       Body::chunked},
      {"one length twice",
       {kOk, "Content-Length: 5", "Content-Length: 5"},
       Verdict::last,
       Body::length},
      {"one length in a list", {kOk, "Content-Length: 5, 5"}, Verdict::last, Body::length},
      {"length 0", {kOk, "Content-Length: 0"}, Verdict::last, Body::length},
      {"204", {"HTTP/1.1 204 No Content"}, Verdict::last},
      {"205 with a length", {"HTTP/1.1 205 x", "Content-Length: 5"}, Verdict::last, Body::length},
      {"304 with chunks",
       {"HTTP/1.1 304 x", "Transfer-Encoding: chunked"},
       Verdict::last,
       Body::chunked},
      {"HTTP/2.0", {"HTTP/2.0 200 OK"}, Verdict::refused},
      {"HTTP/2", {"HTTP/2 200"}, Verdict::refused},
      {"HTTP/1.2", {"HTTP/1.2 200 OK"}, Verdict::refused},
      {"lower case", {"http/1.1 200 OK"}, Verdict::refused},
      {"a blank before the version", {" HTTP/1.1 200 OK"}, Verdict::refused},
      {"no status line", {"A: b"}, Verdict::refused},
      {"an empty line instead", {""}, Verdict::refused},
      {"status 099", {"HTTP/1.1 099 x"}, Verdict::refused},
      {"status 600", {"HTTP/1.1 600 x"}, Verdict::refused},
      {"status 1000", {"HTTP/1.1 1000 x"}, Verdict::refused},
      {"status -1", {"HTTP/1.1 -1 x"}, Verdict::refused},
      {"status 20", {"HTTP/1.1 20 OK"}, Verdict::refused},
      {"status of no digits", {"HTTP/1.1 2x0 OK"}, Verdict::refused},
      {"two lengths", {kOk, "Content-Length: 5", "Content-Length: 6"}, Verdict::refused},
      {"two lengths in a list", {kOk, "Content-Length: 5, 6"}, Verdict::refused},
      {"a length and none", {kOk, "Content-Length: 5,"}, Verdict::refused},
      {"no length", {kOk, "Content-Length:"}, Verdict::refused},
      {"a negative length", {kOk, "Content-Length: -5"}, Verdict::refused},
      {"a length with a plus", {kOk, "Content-Length: +5"}, Verdict::refused},
      {"a length in hex", {kOk, "Content-Length: 0x5"}, Verdict::refused},
      {"a length beyond all", {kOk, "Content-Length: 9999999999999999999"}, Verdict::refused},
      {"a blank before the colon", {kOk, "Content-Length : 5"}, Verdict::refused},
      {"a folded line", {kOk, "Content-Length: 5", " 6"}, Verdict::refused},
      {"a folded line at once", {kOk, "\tA: b"}, Verdict::refused},
      {"no colon", {kOk, "Content-Length 5"}, Verdict::refused},
      {"a second status line", {kOk, "HTTP/1.1 200 OK"}, Verdict::refused},
      {"coding gzip", {kOk, "Transfer-Encoding: gzip, chunked"}, Verdict::refused},
      {"coding identity", {kOk, "Transfer-Encoding: identity"}, Verdict::refused},
      {"coding foo", {kOk, "Transfer-Encoding: foo"}, Verdict::refused},
      {"chunked twice", {kOk, "Transfer-Encoding: chunked, chunked"}, Verdict::refused},
      {"chunked in two lines",
       {kOk, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"},
       Verdict::refused},
      {"chunked with a parameter", {kOk, "Transfer-Encoding: chunked;a=b"}, Verdict::refused},
      {"chunked behind a control", {kOk, "Transfer-Encoding: \vchunked"}, Verdict::refused},
      {"chunks in HTTP/1.0", {"HTTP/1.0 200 OK", "Transfer-Encoding: chunked"}, Verdict::refused},
      {"101", {"HTTP/1.1 101 Switching Protocols", "Upgrade: h2c"}, Verdict::refused},
      {"199", {"HTTP/1.1 199 x"}, Verdict::refused},
      {"an interim length", {"HTTP/1.1 103 x", "Content-Length: 5"}, Verdict::refused},
      {"interim chunks", {"HTTP/1.1 100 x", "Transfer-Encoding: chunked"}, Verdict::refused},
  }));
  DYNAMIC_SECTION(c.name) {
    Lines lines = c.lines;
    lines.emplace_back();
    const auto framing = judged(lines);
    CHECK(framing.verdict() == c.verdict);
    CHECK(framing.complete() == (c.verdict != Verdict::refused));
    if (framing.complete()) CHECK(framing.body() == c.body);
    if (!framing.complete()) CHECK(std::string(framing.why()).size() > 5);
  }
}

TEST_CASE("answer framing: an interim head leaves nothing behind") {
  const auto framing =
      judged({"HTTP/1.1 103 Early Hints", "Connection: close", "", kOk, "Content-Length: 5", ""});
  CHECK(framing.verdict() == Verdict::sound);
  CHECK(framing.complete());
  CHECK(framing.status() == 200);
  CHECK(framing.length() == 5);
  CHECK_FALSE(framing.says_close());
}

TEST_CASE("answer framing: interim heads are counted") {
  AnswerFraming framing;
  for (unsigned i = 0; i < AnswerFraming::kMaxInterim; ++i) {
    CHECK(framing.add_line("HTTP/1.1 100 Continue") == Verdict::sound);
    CHECK(framing.add_line("") == Verdict::sound);
    CHECK(framing.expects_status_line());
  }
  framing.add_line("HTTP/1.1 100 Continue");
  CHECK(framing.add_line("") == Verdict::refused);
}

}  // namespace
}  // namespace larder
