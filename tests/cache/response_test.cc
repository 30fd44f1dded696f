// SPDX-License-Identifier: Apache-2.0
#include "cache/http/response.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

using namespace larder;

namespace {

using Lines = std::vector<std::string>;

ResponseFacts facts_of(int status, const Lines& lines) {
  ResponseFacts facts;
  facts.status = status;
  for (const std::string& line : lines) add_header_line(facts, line);
  return facts;
}

const std::string kJson = "Content-Type: application/json; charset=utf-8";

}  // namespace

TEST_CASE("response: what may be stored", "[cache]") {
  struct Case {
    const char* name;
    int status;
    Lines lines;
    StoreVerdict expected;
    Representation asked = Representation::gzip;
  };
  const auto c = GENERATE(values<Case>({
      {"200", 200, {kJson}, StoreVerdict::storable},
      {"404", 404, {kJson}, StoreVerdict::storable},
      {"422", 422, {kJson}, StoreVerdict::storable},
      {"204", 204, {kJson}, StoreVerdict::status},
      {"206", 206, {kJson}, StoreVerdict::partial},
      {"301", 301, {kJson}, StoreVerdict::status},
      {"304", 304, {kJson}, StoreVerdict::status},
      {"400", 400, {kJson}, StoreVerdict::status},
      {"401", 401, {kJson}, StoreVerdict::status},
      {"403", 403, {kJson}, StoreVerdict::status},
      {"410", 410, {kJson}, StoreVerdict::status},
      {"412", 412, {kJson}, StoreVerdict::status},
      {"429", 429, {kJson}, StoreVerdict::status},
      {"500", 500, {kJson}, StoreVerdict::status},
      {"503", 503, {kJson}, StoreVerdict::status},
      {"no type", 200, {}, StoreVerdict::content_type},
      {"HTML", 200, {"Content-Type: text/html"}, StoreVerdict::content_type},
      {"HTML with JSON in its parameters",
       200,
       {"Content-Type: text/html; application/json"},
       StoreVerdict::content_type},
      {"another JSON", 200, {"Content-Type: application/json+x"}, StoreVerdict::content_type},
      {"type in capitals", 200, {"content-type: Application/JSON"}, StoreVerdict::storable},
      {"types that differ", 200, {kJson, "Content-Type: text/html"}, StoreVerdict::contradictory},
      {"an empty type and another", 200, {"Content-Type:", kJson}, StoreVerdict::contradictory},
      {"an empty encoding and another",
       200,
       {kJson, "Content-Encoding:", "Content-Encoding: gzip"},
       StoreVerdict::contradictory},
      {"types that are equal", 200, {kJson, kJson}, StoreVerdict::storable},
      {"gzip, asked for", 200, {kJson, "Content-Encoding: gzip"}, StoreVerdict::storable},
      {"gzip, not asked for",
       200,
       {kJson, "Content-Encoding: gzip"},
       StoreVerdict::encoding,
       Representation::identity},
      {"identity where gzip was asked for",
       200,
       {kJson, "Content-Encoding: identity"},
       StoreVerdict::storable},
      {"x-gzip is gzip", 200, {kJson, "Content-Encoding: X-GZIP"}, StoreVerdict::storable},
      {"br", 200, {kJson, "Content-Encoding: br"}, StoreVerdict::encoding},
      {"gzip twice over", 200, {kJson, "Content-Encoding: gzip, gzip"}, StoreVerdict::encoding},
      {"encodings that differ",
       200,
       {kJson, "Content-Encoding: gzip", "Content-Encoding: br"},
       StoreVerdict::contradictory},
      {"cookie", 200, {kJson, "Set-Cookie: a=b"}, StoreVerdict::set_cookie},
      {"no-store",
       200,
       {kJson, "Cache-Control: max-age=1", "cache-control: no-store"},
       StoreVerdict::no_store},
      {"private", 200, {kJson, "Cache-Control: private"}, StoreVerdict::is_private},
      {"no-cache", 200, {kJson, "Cache-Control: no-cache"}, StoreVerdict::storable},
      {"two fields with quotes that would hide a word",
       200,
       {kJson, "Cache-Control: x=\"a", "Cache-Control: no-store", "Cache-Control: y=\""},
       StoreVerdict::no_store},
      {"Vary: Accept-Encoding", 200, {kJson, "Vary: accept-encoding"}, StoreVerdict::storable},
      {"Vary: *", 200, {kJson, "Vary: *"}, StoreVerdict::vary},
      {"Vary: * among others", 200, {kJson, "Vary: Origin", "Vary: a, *"}, StoreVerdict::vary},
      {"Vary: what is in the key",
       200,
       {kJson, "Vary: api_key, access_token", "Vary: branch"},
       StoreVerdict::storable},
      {"Vary: what is never forwarded",
       200,
       {kJson, "Vary: Accept-Encoding, Origin, User-Agent, Cookie, X-Any"},
       StoreVerdict::storable},
      {"Vary: what is forwarded, but not in the key",
       200,
       {kJson, "Vary: Accept-Encoding, X_TRACE"},
       StoreVerdict::vary},
      {"Vary: no name", 200, {kJson, "Vary: a b"}, StoreVerdict::vary},
      {"Vary: empty", 200, {kJson, "Vary: , "}, StoreVerdict::storable},
      {"Content-Range", 200, {kJson, "Content-Range: bytes 0-1/2"}, StoreVerdict::partial},
      {"lengths that differ",
       200,
       {kJson, "Content-Length: 1", "Content-Length: 2"},
       StoreVerdict::contradictory},
      {"lengths that are equal",
       200,
       {kJson, "Content-Length: 1", "Content-Length: 1"},
       StoreVerdict::storable},
      {"length as list", 200, {kJson, "Content-Length: 1, 1"}, StoreVerdict::contradictory},
      {"length negative", 200, {kJson, "Content-Length: -1"}, StoreVerdict::contradictory},
      {"length empty", 200, {kJson, "Content-Length:"}, StoreVerdict::contradictory},
      {"length beyond counting",
       200,
       {kJson, "Content-Length: 9999999999999999999"},
       StoreVerdict::contradictory},
      {"no field line", 200, {kJson, "nonsense"}, StoreVerdict::contradictory},
      {"no name", 200, {kJson, ": x"}, StoreVerdict::contradictory},
      {"blank before the colon", 200, {kJson, "Set-Cookie : x"}, StoreVerdict::contradictory},
      {"a folded line", 200, {kJson, " folded: x"}, StoreVerdict::contradictory},
      {"control octet", 200, {kJson, std::string("X: a\0b", 6)}, StoreVerdict::contradictory},
      {"CR inside", 200, {kJson, "X: a\rSet-Cookie: b"}, StoreVerdict::contradictory},
      {"tab inside", 200, {kJson, "X: a\tb"}, StoreVerdict::storable},
      {"passed fields above 16 KiB",
       200,
       {kJson, "x-cs-big: " + std::string(17'000, 'x')},
       StoreVerdict::too_large},
  }));
  DYNAMIC_SECTION(c.name) {
    const StoreVerdict verdict = may_store(facts_of(c.status, c.lines), c.asked, {"x-trace"});
    CHECK(std::string(name_of(verdict)) == name_of(c.expected));
    const bool shared =
        c.expected == StoreVerdict::storable || c.expected == StoreVerdict::too_large;
    CHECK(may_share(verdict) == shared);
  }
}

TEST_CASE("response: every field is passed on but those that mislead when replayed", "[cache]") {
  const Lines passed = {"Access-Control-Allow-Origin: *",
                        "access-control-expose-headers: a",
                        "Cache-Control: max-age=1",
                        "Expires: 0",
                        "Last-Modified: Tue, 15 Nov 1994 12:45:26 GMT",
                        "Content-Language: en",
                        "x-contentstack-organization: blt1",
                        "X-CS-IncludeCount: 3",
                        "x-runtime: 19ms",
                        "cache-tag: api.global_fields",
                        "WWW-Authenticate: x",
                        "Server: contentstack",
                        "X-Unknown: x",
                        "Content-Disposition: inline",
                        "Link: </a>; rel=preload",
                        "Content-Security-Policy: default-src 'self'",
                        "X-Content-Type-Options: nosniff",
                        "Surrogate-Key: a b"};
  const Lines dropped = {"Set-Cookie: a=b",
                         "x-ratelimit-limit: 1",
                         "x-ratelimit-remaining: 1",
                         "x-request-id: 1",
                         "x-timer: 1",
                         "x-served-by: 1",
                         "x-cache: HIT",
                         "x-cache-hits: 1",
                         "Via: 1.1 varnish",
                         "Age: 5",
                         "Date: Tue, 15 Nov 1994 12:45:26 GMT",
                         "ETag: \"a\"",
                         "Vary: Accept-Encoding",
                         "Content-Type: application/json",
                         "Content-Encoding: gzip",
                         "Content-Length: 5",
                         "Keep-Alive: 5",
                         "Transfer-Encoding: chunked",
                         "Trailer: x",
                         "Upgrade: h2c",
                         "Proxy-Authenticate: x",
                         "Proxy-Status: x",
                         "X-RateLimit-Reset: 1",
                         "x-cache-status: HIT",
                         "Cache-Status: cdn; hit",
                         "CF-Ray: 1",
                         "X-Amz-Cf-Id: 1",
                         "traceparent: 00-1",
                         "access_token: a",
                         "Authorization: a",
                         "preview-token: a",
                         "Alt-Svc: x",
                         "Strict-Transport-Security: x",
                         "Accept-Ranges: bytes",
                         "Retry-After: 5"};
  Lines lines;
  std::string expected;
  for (const std::string& line : passed) {
    lines.push_back(line);
    expected += line + "\r\n";
  }
  lines.insert(lines.end(), dropped.begin(), dropped.end());
  CHECK(facts_of(200, lines).passed == expected);
}

TEST_CASE("response: Retry-After goes with errors only", "[cache]") {
  CHECK(facts_of(429, {"Retry-After: 5"}).passed == "Retry-After: 5\r\n");
  CHECK(facts_of(503, {"Retry-After: 5"}).retry_after_s == 5);
  CHECK(facts_of(200, {"Retry-After: 5"}).passed.empty());
  CHECK(facts_of(503, {"Retry-After: soon"}).retry_after_s == std::nullopt);
  CHECK(facts_of(503, {"Date: Tue, 15 Nov 1994 12:45:26 GMT",
                       "Retry-After: Tue, 15 Nov 1994 12:46:26 GMT"})
            .retry_after_s == 60);
  CHECK(facts_of(503, {"Date: Tue, 15 Nov 1994 12:45:26 GMT",
                       "Retry-After: Tue, 15 Nov 1994 12:44:26 GMT"})
            .retry_after_s == 0);
  CHECK(facts_of(503, {"Retry-After: Tue, 15 Nov 1994 12:46:26 GMT"}).retry_after_s ==
        std::nullopt);
}

TEST_CASE("response: fields that Connection names are not passed on", "[cache]") {
  const std::string runtime = "x-runtime: 1";
  CHECK(facts_of(200, {"Connection: close, X-Runtime", runtime}).passed.empty());
  CHECK(facts_of(200, {runtime, "Connection: x-runtime"}).passed.empty());
  CHECK(facts_of(200, {runtime, "cache-tag: a", "Connection: x-cs-other", "connection: X-RUNTIME"})
            .passed == "cache-tag: a\r\n");
  CHECK(facts_of(200, {runtime, "Connection: x-runtime2, runtime"}).passed == runtime + "\r\n");
  // What such a field says is believed all the same.
  CHECK(facts_of(200, {"Connection: Cache-Control", "Cache-Control: no-store"})
            .cache_control.no_store);
}

TEST_CASE("response: blanks around values are cut, names keep their case", "[cache]") {
  CHECK(facts_of(200, {"X-Runtime:\t 5 \t"}).passed == "X-Runtime: 5\r\n");
  CHECK(facts_of(200, {"x-runtime:"}).passed == "x-runtime: \r\n");
}

TEST_CASE("response: Age, Date and Expires", "[cache]") {
  CHECK(facts_of(200, {"Age: 78006"}).age_s == 78'006);
  CHECK(facts_of(200, {"Age: 5", "Age: 7"}).age_s == 5);
  CHECK(facts_of(200, {"Age: old", "Age: 7"}).age_s == 0);
  CHECK(facts_of(200, {"Age: 0"}).has_age);
  CHECK_FALSE(facts_of(200, {}).has_age);
  CHECK(facts_of(200, {"Age: 5, 7"}).age_s == 5);
  CHECK(facts_of(200, {"Age: old"}).age_s == 0);
  CHECK(facts_of(200, {"Age: -5"}).age_s == 0);
  CHECK(facts_of(200, {"Date: Thu, 01 Jan 1970 00:00:07 GMT"}).date == WallTime{7'000});
  CHECK(facts_of(200, {"Date: today"}).date == std::nullopt);
  CHECK(facts_of(200, {"Expires: Thu, 01 Jan 1970 00:00:07 GMT"}).expires == WallTime{7'000});
  CHECK(facts_of(200, {"Expires: 0"}).expires == WallTime{0});
  CHECK(facts_of(200, {"Expires: Thu, 01 Jan 1970 00:00:07 GMT", "Expires: never"}).expires ==
        WallTime{0});
  CHECK(facts_of(200, {}).expires == std::nullopt);
  CHECK_FALSE(facts_of(200, {}).cache_control.present);
}

TEST_CASE("response: trouble is what is no answer about content", "[cache]") {
  struct Case {
    int status;
    Lines lines;
    bool expected;
  };
  const auto c = GENERATE(values<Case>({
      {200, {kJson}, false},
      {200, {kJson, "Cache-Control: private"}, false},
      {200, {kJson, "Set-Cookie: a=b"}, false},
      {404, {kJson}, false},
      {422, {kJson}, false},
      {400, {kJson}, false},
      {410, {kJson}, false},
      {200, {"Content-Type: text/html"}, true},
      {200, {}, true},
      {404, {"Content-Type: text/html"}, true},
      {400, {"Content-Type: text/plain"}, true},
      {200, {kJson, "Content-Type: text/html"}, true},
      {200, {kJson, "Content-Range: bytes 0-1/2"}, true},
      {204, {}, true},
      {206, {kJson}, true},
      {226, {kJson}, true},
      {302, {kJson}, true},
      {408, {kJson}, true},
      {429, {kJson}, true},
      {500, {kJson}, true},
      {503, {kJson}, true},
  }));
  CAPTURE(c.status, c.lines);
  CHECK(is_trouble(facts_of(c.status, c.lines)) == c.expected);
}

TEST_CASE("response: only what the origin says marks an answer as one client's", "[cache]") {
  using V = StoreVerdict;
  for (const V verdict : {V::set_cookie, V::no_store, V::is_private, V::vary}) {
    CHECK(is_origins_word(verdict));
  }
  for (const V verdict : {V::storable, V::status, V::partial, V::content_type, V::encoding,
                          V::contradictory, V::too_large, V::not_of_the_api}) {
    CHECK_FALSE(is_origins_word(verdict));
  }
}

TEST_CASE("response: of a body that was decoded, nothing tells of the coded form", "[cache]") {
  auto facts = facts_of(200, {"Content-Encoding: gzip", "Content-Length: 5", "X-A: b",
                              "Content-Digest: sha-256=:x:", "Content-MD5: x"});
  take_off_coding(facts);
  CHECK(facts.content_encoding.empty());
  CHECK_FALSE(facts.content_length);
  CHECK(facts.passed == "X-A: b\r\n");
}

TEST_CASE("response: every verdict has a name of its own", "[cache]") {
  for (int i = 0; i <= static_cast<int>(StoreVerdict::not_of_the_api); ++i) {
    CHECK(std::string(name_of(static_cast<StoreVerdict>(i))) != "unknown");
    for (int k = 0; k < i; ++k) {
      CHECK(std::string(name_of(static_cast<StoreVerdict>(i))) !=
            name_of(static_cast<StoreVerdict>(k)));
    }
  }
}
