// SPDX-License-Identifier: Apache-2.0
#include "daemon/http1/request_parser.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "cache/request/classify.h"

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
       Outcome::complete, 0, false},
      {"upgrade to HTTP/2",
       "GET /a HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
       "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n",
       Outcome::complete, 0, false},
      {"upgrade and close", "GET /a HTTP/1.1\r\nConnection: upgrade, close\r\nUpgrade: x\r\n\r\n",
       Outcome::complete, 0, true},
      {"upgrade and a body",
       "GET /a HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 5\r\n\r\nhello",
       Outcome::complete, 0, true},
      {"raw UTF-8", "GET /caf\xc3\xa9 HTTP/1.1\r\n\r\n", Outcome::refused, 400, true},
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
      {"HTTP/1.2, cut behind it", "GET /a HTTP/1.2", Outcome::refused, 505, true},
      {"HTTP/1.H", "GET /a HTTP/1.H\r\n\r\n", Outcome::refused, 400, true},
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
  CHECK(refused("GET / HTTP/1.1\r\nA: " + std::string(16 * 1024 - 1, 'a') + "\r\n\r\n") == 0);
  CHECK(refused("GET / HTTP/1.1\r\nA: " + std::string(16 * 1024, 'a') + "\r\n\r\n") == 431);
  CHECK(refused("GET / HTTP/1.1\r\n" + std::string(16 * 1024, 'a') + ": b\r\n\r\n") == 431);
  // Blanks count too, whether the request comes in one read or in two.
  const std::string blanks = "GET / HTTP/1.1\r\nA:" + std::string(40 * 1024, ' ') + "b\r\n\r\n";
  CHECK(refused(blanks) == 431);
  CHECK(refused(blanks.substr(0, 39 * 1024)) == 431);
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 64; ++i) many += "A: b\r\n";
  CHECK(refused(many + "\r\n") == 0);
  CHECK(refused(many + "A: b\r\n\r\n") == 431);
  std::string large = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 9; ++i) large += "A: " + std::string(2000, 'b') + "\r\n";
  CHECK(refused(large + "\r\n") == 431);
}

namespace {

using larder::RequestMemo;

larder::SettingsPtr default_settings() {
  return std::make_shared<const larder::Settings>();
}

/// What of a request somebody reads.
struct Seen {
  Outcome outcome = Outcome::incomplete;
  std::size_t consumed = 0;
  bool must_close = false;
  std::string target;
  std::vector<std::pair<std::string, std::string>> fields;
  friend bool operator==(const Seen&, const Seen&) = default;
};

Seen see(RequestParser& parser, const std::string& bytes) {
  parser.reset();
  Seen seen;
  seen.outcome = parser.feed(bytes);
  if (seen.outcome != Outcome::complete) return seen;
  seen.consumed = parser.consumed();
  seen.must_close = parser.must_close();
  const auto view = parser.view(bytes);
  seen.target = view.target;
  for (const auto& field : view.headers) {
    if (larder::is_read(field.name, {})) seen.fields.emplace_back(field.name, field.value);
  }
  return seen;
}

}  // namespace

TEST_CASE("request parser: what it knows of header blocks changes nothing that it says",
          "[daemon]") {
  const std::string sdk = "Host: x\r\napi_key:  k \r\nempty:\r\nUser-Agent: {'a': ['b']}\r\n\r\n";
  const std::string other = "Host: y\r\nAccept-Encoding: gzip\r\n\r\n";
  const auto second = GENERATE_COPY(values<std::string>({
      "GET /b?c=d HTTP/1.1\r\n" + sdk,
      "GET /b HTTP/1.1\r\n" + other,
      "GET /b HTTP/1.1\r\n" + sdk + "GET /c HTTP/1.1\r\n" + other,
      "GET /b HTTP/1.1\r\n" + other + "GET /c HTTP/1.1\r\n" + sdk,
      "GET /b HTTP/1.1\r\nA: 1\r\n" + sdk,
      "GET /b HTTP/1.1\r\n" + sdk.substr(0, sdk.size() - 2),
      "GET /b HTTP/1.1\r\n" + sdk.substr(0, sdk.size() - 1),
      "GET /b HTTP/1.1\r\n X: 1\r\n" + sdk,
      "GET /b HTTP/1.0\r\n" + sdk,
      "GET /b HTTP/1.2\r\n" + sdk,
      "GET  /b HTTP/1.1\r\n" + sdk,
      "GET b HTTP/1.1\r\n" + sdk,
      "GET /b\r\n" + sdk,
      "GET / HTTP/1.1\r\n" + sdk,
      "GET /" + std::string(16 * 1024, 'a') + " HTTP/1.1\r\n" + sdk,
      "HEAD /b HTTP/1.1\r\n" + sdk,
      "POST /b HTTP/1.1\r\n" + sdk,
      "\r\nGET /b HTTP/1.1\r\n" + sdk,
      "GET /b HTTP/1.1\n" + sdk,
      "GET /b HTTP/1.1\r\n" + std::string(sdk).replace(sdk.find("{'a'"), 3, "other"),
      "GET /b HTTP/1.1\r\n" + std::string(sdk).replace(sdk.find("{'a'"), 3, "a\r\n b"),
      "GET /b HTTP/1.1\r\n" + std::string(sdk).replace(sdk.find("{'a'"), 3, "a\r\nHost: z"),
      "GET /b HTTP/1.1\r\n" + std::string(sdk).replace(sdk.find("{'a'"), 3, "a\nHost: z"),
      "GET /b HTTP/1.1\r\n" + std::string(sdk).replace(sdk.find("{'a'"), 3, "a\rHost: z"),
      "GET /b HTTP/1.1\r\n" + std::string(sdk).replace(sdk.find("{'a'"), 3, "a\r\n\r\nGET /"),
      "GET /b HTTP/1.1\r\n" +
          std::string(sdk).replace(sdk.find("{'a'"), 3, std::string(9'000, 'a')),
      "GET /b HTTP/1.1\r\n" +
          std::string(sdk).replace(sdk.find("{'a'"), 3, std::string(3'900, 'a')),
      "GET /b HTTP/1.1\r\n" + sdk.substr(0, sdk.size() - 6),
      "G",
      "GET /",
      "GET /b HTTP/1.1\r",
  }));
  CAPTURE(second);
  const larder::ServerConfig config;
  RequestMemo memo(default_settings());
  RequestParser knowing(config, &memo);
  RequestParser plain(config);
  for (const std::string& block : {other, sdk}) {
    REQUIRE(see(knowing, "GET /a HTTP/1.1\r\n" + block).outcome == Outcome::complete);
  }
  const Seen expected = see(plain, second);
  for (int i = 0; i < 3; ++i) {
    const Seen seen = see(knowing, second);
    CHECK(seen == expected);
  }
}

TEST_CASE("request parser: a target that only llhttp would refuse is refused behind a known header",
          "[daemon]") {
  const std::string block = "Host: x\r\napi_key: k\r\naccess_token: t\r\n\r\n";
  const auto target = GENERATE(values<std::string>(
      {"/a b", "/a ", "/a\tb", std::string("/a\0b", 4), "/a\nb",
       "/a\x7f"
       "b",
       "/a\xc3\xa9", "/a#b", "/v3/assets?a b", "/v3/assets?\n", "/v3/assets?\xff", "/a HTTP/1.1"}));
  CAPTURE(target);
  const larder::Config config;
  RequestMemo memo(default_settings());
  RequestParser parser(config.server, &memo);
  REQUIRE(see(parser, "GET /a HTTP/1.1\r\n" + block).outcome == Outcome::complete);
  const std::string bytes = "GET " + target + " HTTP/1.1\r\n" + block;
  parser.reset();
  if (parser.feed(bytes) == Outcome::refused) {
    CHECK(parser.refusal().status == 400);
    return;
  }
  larder::Decoded scratch;
  const auto said =
      larder::classify(parser.view(bytes), config, larder::ListenerConfig::Role::delivery, scratch);
  const auto* refusal = std::get_if<larder::Refusal>(&said);
  REQUIRE(refusal != nullptr);
  CHECK(refusal->status == 400);
  CHECK(refusal->close);
}

TEST_CASE("request parser: a body's announcement is never remembered with its header", "[daemon]") {
  const std::string bytes = "GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /";
  const larder::ServerConfig config;
  RequestMemo memo(default_settings());
  RequestParser parser(config, &memo);
  for (int i = 0; i < 2; ++i) {
    const Seen seen = see(parser, bytes);
    CHECK(seen.outcome == Outcome::complete);
    CHECK(seen.must_close);
  }
  CHECK(memo.find_header("Host: x\r\nContent-Length: 5\r\n\r\n").header == nullptr);
}

TEST_CASE("request parser: clients whose blocks are equally long keep theirs, by turns",
          "[daemon]") {
  const larder::ServerConfig config;
  RequestMemo memo(default_settings());
  RequestParser parser(config, &memo);
  const auto block_of = [](int client) {
    return "Host: x\r\naccess_token: t" + std::to_string(10 + client) + "\r\n\r\n";
  };
  const auto id_of = [&](int client) {
    const std::string bytes = "GET /a HTTP/1.1\r\n" + block_of(client);
    parser.reset();
    REQUIRE(parser.feed(bytes) == Outcome::complete);
    const auto view = parser.view(bytes);
    CHECK(view.headers.back().value == "t" + std::to_string(10 + client));
    return view.header_id;
  };
  std::vector<std::uint64_t> ids;
  for (int client = 0; client < 16; ++client) CHECK(id_of(client) == 0);  // only learnt now
  for (int client = 0; client < 16; ++client) ids.push_back(id_of(client));
  for (int client = 0; client < 16; ++client) {
    CAPTURE(client);
    CHECK(ids[static_cast<std::size_t>(client)] != 0);
    CHECK(std::count(ids.begin(), ids.end(), ids[static_cast<std::size_t>(client)]) == 1);
    CHECK(id_of(client) == ids[static_cast<std::size_t>(client)]);
  }
  CHECK(memo.find_header(block_of(3) + "GET /").header->id() == ids[3]);
  CHECK(id_of(16) == 0);  // takes the first one's place
  CHECK(id_of(0) == 0);
  CHECK(id_of(2) == ids[2]);
}

TEST_CASE("request parser: other bounds count from the next request on, behind a known header too",
          "[daemon]") {
  const std::string block =
      "Host: x\r\nx-long: " + std::string(3'000, 'a') + "\r\naccess_token: t\r\n\r\n";
  const std::string target = "/" + std::string(3'000, 'b');
  const std::string bytes = "GET " + target + " HTTP/1.1\r\n" + block;
  larder::ServerConfig config;
  RequestMemo memo(default_settings());
  RequestParser parser(config, &memo);
  for (int i = 0; i < 3; ++i) REQUIRE(see(parser, bytes).outcome == Outcome::complete);
  SECTION("a lower bound of the header") {
    config.max_header_bytes = 2'000;
    parser.set_bounds(config);
    parser.reset();
    CHECK(parser.feed(bytes) == Outcome::refused);
    CHECK(parser.refusal().status == 431);
  }
  SECTION("a lower bound of the target") {
    config.max_target_bytes = 2'000;
    parser.set_bounds(config);
    parser.reset();
    CHECK(parser.feed(bytes) == Outcome::refused);
    CHECK(parser.refusal().status == 414);
  }
  SECTION("a higher one, and back") {
    config.max_header_bytes = 2'000;
    parser.set_bounds(config);
    parser.set_bounds(larder::ServerConfig{});
    CHECK(see(parser, bytes).outcome == Outcome::complete);
  }
}

TEST_CASE(
    "request parser: in a value that nobody reads, the memo takes the octets that llhttp does",
    "[daemon]") {
  const auto block_with = [](const std::string& value) {
    return "GET /a HTTP/1.1\r\nHost: x\r\ntraceparent:" + value + "\r\nbranch: main\r\n\r\n";
  };
  const larder::ServerConfig config;
  RequestMemo memo(default_settings());
  RequestParser knowing(config, &memo);
  RequestParser plain(config);
  REQUIRE(see(knowing, block_with(" 00-1")).outcome == Outcome::complete);
  int taken = 0;
  for (int octet = 0; octet < 256; ++octet) {
    const char c = static_cast<char>(octet);
    for (const std::string& value :
         {std::string{c}, std::string{' ', c}, std::string{c, 'a'}, std::string{'a', c, 'b'}}) {
      CAPTURE(octet, value);
      const std::string bytes = block_with(value);
      const Seen seen = see(knowing, bytes);
      CHECK(seen == see(plain, bytes));
      if (seen.outcome == Outcome::complete) taken += knowing.view(bytes).header_id != 0 ? 1 : 0;
    }
  }
  CHECK(taken >= 4 * (256 - 34));  // all but control characters, so that the memo was asked
}

TEST_CASE("request parser: the bounds of a header hold for one that the memo knows", "[daemon]") {
  larder::ServerConfig config;
  auto settings = std::make_shared<larder::Settings>();
  config.max_header_bytes = settings->config.server.max_header_bytes = 1'024;
  const auto block_with = [](std::size_t length) {
    return "GET /a HTTP/1.1\r\nHost: x\r\ntraceparent: " + std::string(length, 'a') + "\r\n\r\n";
  };
  RequestMemo memo(settings);
  RequestParser knowing(config, &memo);
  RequestParser plain(config);
  REQUIRE(see(knowing, block_with(10)).outcome == Outcome::complete);
  bool refused = false;
  for (std::size_t length = 900; length < 1'100; ++length) {
    CAPTURE(length);
    const Seen seen = see(knowing, block_with(length));
    CHECK(seen == see(plain, block_with(length)));
    refused = refused || seen.outcome == Outcome::refused;
  }
  CHECK(refused);
}

TEST_CASE("request parser: who sends raw UTF-8 is told what to encode", "[daemon]") {
  const larder::ServerConfig config;
  RequestParser parser(config);
  const auto target = GENERATE(values<std::string>({"/caf\xc3\xa9", "/a?b=caf\xc3\xa9", "/a\x01"}));
  CAPTURE(target);
  REQUIRE(parser.feed("GET " + target + " HTTP/1.1\r\n\r\n") == Outcome::refused);
  CHECK(parser.refusal().status == 400);
  CHECK(std::string(parser.refusal().cause).find("percent-encode") != std::string::npos);
}
