// SPDX-License-Identifier: Apache-2.0
#include "cache/body/json_check.h"

#include <sys/resource.h>
#include <zlib.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <random>
#include <string>
#include <vector>

using namespace larder;

namespace {

constexpr auto kIdentity = Representation::identity;
constexpr auto kGzip = Representation::gzip;
constexpr std::uint64_t kPlenty = 64u << 20;

std::string gzip(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// Of one whole member; "" for anything else.
std::string gunzip(const std::string& packed) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string out(100'000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0;
  out.resize(whole ? stream.total_out : 0);
  inflateEnd(&stream);
  return out;
}

/// "ok", "corrupt" or "full".
std::string verdict(const Result<void>& result) {
  if (result) return "ok";
  switch (result.error().code) {
    case Error::Code::corrupt:
      return "corrupt";
    case Error::Code::full:
      return "full";
    default:
      return "another";
  }
}

}  // namespace

TEST_CASE("JSON check: bodies, as they are and as gzip", "[cache]") {
  struct Case {
    const char* body;
    const char* expected;
  };
  const auto c = GENERATE(values<Case>({
      {"{}", "ok"},
      {"[]", "ok"},
      {" {\"entries\": [{\"uid\": \"blt1\"}], \"count\": 1}\n", "ok"},
      {"{\"a\": \"\xc3\xa9\"}", "ok"},
      {"{\"a\": 123456789012345678901234567890}", "ok"},
      {"{\"a\": -123456789012345678901234567890}", "ok"},
      {"{\"a\": 1e400}", "ok"},
      {"{\"a\": \"\\ud83d\"}", "ok"},
      {"{\"a\": 1e400, \"b\": \"\xc3\"}", "corrupt"},
      {"{\"a\": 1e400", "corrupt"},
      {"{\"a\": 1e400}}", "corrupt"},
      {"", "corrupt"},
      {" ", "corrupt"},
      {"1", "corrupt"},
      {"\"a\"", "corrupt"},
      {"null", "corrupt"},
      {"{", "corrupt"},
      {"{\"a\": 1", "corrupt"},
      {"{\"a\": 1}}", "corrupt"},
      {"{} {}", "corrupt"},
      {"{}x", "corrupt"},
      {"[1,]", "corrupt"},
      {"{\"a\": 01}", "corrupt"},
      {"{\"a\": tru}", "corrupt"},
      {"{\"a\": \"\xff\"}", "corrupt"},
      {"{\"a\": \"b\nc\"}", "corrupt"},
      {"<html>", "corrupt"},
  }));
  CAPTURE(c.body);
  JsonCheck check;
  CHECK(verdict(check.check(c.body, kIdentity, kPlenty)) == c.expected);
  CHECK(verdict(check.check(gzip(c.body), kGzip, kPlenty)) == c.expected);
}

TEST_CASE("JSON check: every cut of a body is seen", "[cache]") {
  const std::string body =
      "{\"entries\": [{\"uid\": \"blt1\", \"n\": [1, 2.5, null, true]}], \"count\": 1}";
  const std::string packed = gzip(body);
  JsonCheck check;
  for (std::size_t length = 0; length < body.size(); ++length) {
    CHECK(verdict(check.check(body.substr(0, length), kIdentity, kPlenty)) == "corrupt");
  }
  for (std::size_t length = 0; length < packed.size(); ++length) {
    CHECK(verdict(check.check(packed.substr(0, length), kGzip, kPlenty)) == "corrupt");
  }
  CHECK(verdict(check.check(packed, kGzip, kPlenty)) == "ok");
}

TEST_CASE("JSON check: gzip members and what is none", "[cache]") {
  JsonCheck check;
  const std::string first = gzip("{\"a\":");
  const std::string second = gzip("1}");
  CHECK(verdict(check.check(first + second, kGzip, kPlenty)) == "ok");
  CHECK(verdict(check.check(first + gzip("") + second, kGzip, kPlenty)) == "ok");
  CHECK(verdict(check.check(first, kGzip, kPlenty)) == "corrupt");
  CHECK(verdict(check.check(gzip("{}") + "x", kGzip, kPlenty)) == "corrupt");
  CHECK(verdict(check.check(gzip("{}") + std::string(8, '\0'), kGzip, kPlenty)) == "corrupt");
  CHECK(verdict(check.check(gzip("{}") + second.substr(0, 12), kGzip, kPlenty)) == "corrupt");
  CHECK(verdict(check.check("{}", kGzip, kPlenty)) == "corrupt");
  CHECK(verdict(check.check(gzip("{}"), kIdentity, kPlenty)) == "corrupt");
  std::string damaged = gzip("{\"a\":\"bbbbbbbbbbbbbb\"}");
  damaged[damaged.size() - 6] ^= 1;  // in the checksum
  CHECK(verdict(check.check(damaged, kGzip, kPlenty)) == "corrupt");
}

TEST_CASE("JSON check: the decoded size is bounded, to the octet", "[cache]") {
  JsonCheck check;
  for (const std::size_t size : {std::size_t{100}, std::size_t{65'536}, std::size_t{300'000}}) {
    CAPTURE(size);
    const std::string body = "{\"a\":\"" + std::string(size - 8, 'x') + "\"}";
    REQUIRE(body.size() == size);
    CHECK(verdict(check.check(body, kIdentity, size)) == "ok");
    CHECK(verdict(check.check(body, kIdentity, size - 1)) == "full");
    CHECK(verdict(check.check(gzip(body), kGzip, size)) == "ok");
    CHECK(verdict(check.check(gzip(body), kGzip, size - 1)) == "full");
  }
  const std::string bomb = gzip(std::string(50u << 20, ' '));
  CHECK(bomb.size() < 100'000);
  CHECK(verdict(check.check(bomb, kGzip, 1u << 20)) == "full");
  std::string many;
  for (int i = 0; i < 1'000; ++i) many += gzip(std::string(10'000, ' '));
  CHECK(verdict(check.check(many, kGzip, 1u << 20)) == "full");
}

TEST_CASE("JSON check: a gzip bomb takes no more memory than any other body", "[cache]") {
  const auto peak_bytes = [] {
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    return static_cast<std::uint64_t>(use.ru_maxrss) * 1024;
  };
  JsonCheck check;
  REQUIRE(check.check(gzip("[1]"), kGzip, kPlenty));
  // Sound JSON, a thousand times as long when inflated; in many members, so as to be cheap to make.
  std::string bomb = gzip("[");
  const std::string member = gzip(std::string(10u << 20, ' '));
  for (int i = 0; i < 20; ++i) bomb += member;
  bomb += gzip("]");
  const auto before = peak_bytes();
  CHECK(verdict(check.check(bomb, kGzip, 1u << 30)) == "ok");
  CHECK(peak_bytes() - before < (8u << 20));
}

TEST_CASE("JSON check: a body in pieces is one document", "[cache]") {
  const std::string body = "{\"entries\":[{\"uid\":\"blt1\"}],\"error_code\":105}";
  JsonCheck check;
  for (const auto representation : {kIdentity, kGzip}) {
    const std::string wire = representation == kGzip ? gzip(body) : body;
    for (std::size_t size = 1; size <= wire.size(); ++size) {
      std::vector<Chunk> pieces;
      for (std::size_t at = 0; at < wire.size(); at += size) {
        pieces.push_back(std::make_shared<const std::string>(wire.substr(at, size)));
      }
      REQUIRE(check.check(pieces, representation, kPlenty));
      REQUIRE(check.error_code() == 105);
      pieces.pop_back();
      REQUIRE_FALSE(check.check(pieces, representation, kPlenty));
    }
  }
}

TEST_CASE("JSON check: large bodies, and small ones after them", "[cache]") {
  std::string body = "[";
  for (int i = 0; i < 200'000; ++i) body += "{\"uid\":\"blt" + std::to_string(i) + "\"},";
  body += "{}]";
  JsonCheck check;
  for (int round = 0; round < 2; ++round) {
    CHECK(verdict(check.check(body, kIdentity, kPlenty)) == "ok");
    CHECK(verdict(check.check(gzip(body), kGzip, kPlenty)) == "ok");
    CHECK(verdict(check.check("{}", kIdentity, kPlenty)) == "ok");
    CHECK(verdict(check.check(gzip("{}"), kGzip, kPlenty)) == "ok");
  }
}

TEST_CASE("JSON check: what an error says", "[cache]") {
  struct Case {
    const char* body;
    int code;
    bool names_token;
  };
  const auto c = GENERATE(values<Case>({
      {"{\"error_message\":\"x\",\"error_code\":105,\"errors\":{\"access_token\":[\"is "
       "invalid\"]}}",
       105, true},
      {"{\"errors\":{\"uid\":[\"x\"],\"access_token\":[]},\"error_code\":141}", 141, true},
      {"{\"error_code\":109,\"errors\":{\"api_key\":[\"x\"]}}", 109, false},
      {"{\"error_code\":\"105\"}", 0, false},
      {"{\"error_code\":-5}", 0, false},
      {"{\"error_code\":1.5}", 0, false},
      {"{\"error_code\":99999999999}", 0, false},
      {"{\"errors\":[\"access_token\"]}", 0, false},
      {"{\"entry\":{\"error_code\":105}}", 0, false},
      {"[{\"error_code\":105}]", 0, false},
  }));
  CAPTURE(c.body);
  JsonCheck check;
  REQUIRE(check.check(c.body, kIdentity, kPlenty));
  CHECK(check.error_code() == c.code);
  CHECK(check.error_names("access_token") == c.names_token);
  // Nothing of it is left at the next document, sound or not.
  CHECK_FALSE(check.check("{", kIdentity, kPlenty));
  CHECK(check.error_code() == 0);
  CHECK_FALSE(check.error_names("access_token"));
}

TEST_CASE("JSON check: damaged gzip never passes for what it was not", "[cache]") {
  const std::string body = "{\"entries\":[{\"uid\":\"blt1\",\"title\":\"abcabcabcabcabc\"}]}";
  const std::string packed = gzip(body);
  std::mt19937 random(23);
  JsonCheck check;
  for (int round = 0; round < 5'000; ++round) {
    std::string damaged = packed;
    const std::size_t at = 10 + random() % (packed.size() - 10);  // behind the header's free fields
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (random() % 8)));
    // Some bits of deflate mean nothing.
    const bool ok = check.check(damaged, kGzip, 1u << 20).has_value();
    CHECK(ok == (gunzip(damaged) == body));
  }
}
