// SPDX-License-Identifier: Apache-2.0
#include "cache/body/pipeline.h"

#include <sys/resource.h>
#include <zlib.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "cache/body/error_code.h"
#include "tests/gzip.h"

using namespace larder;
using larder::test::gzip;

namespace {

constexpr auto kIdentity = Representation::identity;
constexpr auto kGzip = Representation::gzip;
constexpr std::uint64_t kPlenty = 64u << 20;

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
std::string verdict(const Result<SoundBody>& result) {
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

/// The verdict on a body that comes in pieces of `size`.
std::string check(std::string_view body, Representation coding, std::uint64_t max_decoded_bytes,
                  std::size_t size = std::string_view::npos) {
  BodyPipeline pipeline(coding, {.max_bytes = kPlenty, .max_decoded_bytes = max_decoded_bytes});
  for (; !body.empty(); body.remove_prefix(std::min(size, body.size()))) {
    pipeline.feed(body.substr(0, size));
  }
  return verdict(pipeline.finish());
}

}  // namespace

TEST_CASE("body pipeline: bodies, as they are and as gzip", "[cache]") {
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
      {"1", "ok"},
      {" -1.5e3\n", "ok"},
      {"\"a\"", "ok"},
      {"null", "ok"},
      {"1.", "corrupt"},
      {"nul", "corrupt"},
      {"\"a", "corrupt"},
      {"1 2", "corrupt"},
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
  CHECK(check(c.body, kIdentity, kPlenty) == c.expected);
  CHECK(check(gzip(c.body), kGzip, kPlenty) == c.expected);
}

TEST_CASE("body pipeline: a bare number may be the beginning of another", "[cache]") {
  for (const auto& [body, expected] : std::vector<std::pair<const char*, bool>>{
           {"12", false}, {"12 ", true}, {"\"a\"", true}, {"true", true}, {"{}", true}}) {
    CAPTURE(body);
    BodyPipeline pipeline(kIdentity, {.max_bytes = kPlenty, .max_decoded_bytes = kPlenty});
    pipeline.feed(body);
    const auto sound = pipeline.finish();
    REQUIRE(sound);
    CHECK(sound->ends_itself == expected);
  }
}

TEST_CASE("body pipeline: every cut of a body is seen", "[cache]") {
  const std::string body =
      "{\"entries\": [{\"uid\": \"blt1\", \"n\": [1, 2.5, null, true]}], \"count\": 1}";
  const std::string packed = gzip(body);
  for (std::size_t length = 0; length < body.size(); ++length) {
    CHECK(check(body.substr(0, length), kIdentity, kPlenty) == "corrupt");
  }
  for (std::size_t length = 0; length < packed.size(); ++length) {
    CHECK(check(packed.substr(0, length), kGzip, kPlenty) == "corrupt");
  }
  CHECK(check(packed, kGzip, kPlenty) == "ok");
}

TEST_CASE("body pipeline: gzip members and what is none", "[cache]") {
  const std::string first = gzip("{\"a\":");
  const std::string second = gzip("1}");
  CHECK(check(first + second, kGzip, kPlenty) == "ok");
  CHECK(check(first + gzip("") + second, kGzip, kPlenty) == "ok");
  CHECK(check(first, kGzip, kPlenty) == "corrupt");
  CHECK(check(gzip("{}") + "x", kGzip, kPlenty) == "corrupt");
  CHECK(check(gzip("{}") + std::string(8, '\0'), kGzip, kPlenty) == "corrupt");
  CHECK(check(gzip("{}") + second.substr(0, 12), kGzip, kPlenty) == "corrupt");
  CHECK(check("{}", kGzip, kPlenty) == "corrupt");
  CHECK(check(gzip("{}"), kIdentity, kPlenty) == "corrupt");
  std::string damaged = gzip("{\"a\":\"bbbbbbbbbbbbbb\"}");
  damaged[damaged.size() - 6] ^= 1;  // in the checksum
  CHECK(check(damaged, kGzip, kPlenty) == "corrupt");
}

TEST_CASE("body pipeline: the decoded size is bounded, to the octet", "[cache]") {
  for (const std::size_t size : {std::size_t{100}, std::size_t{65'536}, std::size_t{300'000}}) {
    CAPTURE(size);
    const std::string body = "{\"a\":\"" + std::string(size - 8, 'x') + "\"}";
    REQUIRE(body.size() == size);
    CHECK(check(body, kIdentity, size) == "ok");
    CHECK(check(body, kIdentity, size - 1) == "full");
    CHECK(check(gzip(body), kGzip, size) == "ok");
    CHECK(check(gzip(body), kGzip, size - 1) == "full");
  }
  const std::string bomb = gzip(std::string(50u << 20, ' '));
  CHECK(bomb.size() < 100'000);
  CHECK(check(bomb, kGzip, 1u << 20) == "full");
  std::string many;
  for (int i = 0; i < 1'000; ++i) many += gzip(std::string(10'000, ' '));
  CHECK(check(many, kGzip, 1u << 20) == "full");
}

TEST_CASE("body pipeline: a gzip bomb takes no more memory than any other body", "[cache]") {
  const auto peak_bytes = [] {
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    return static_cast<std::uint64_t>(use.ru_maxrss) * 1024;
  };
  REQUIRE(check(gzip("[1]"), kGzip, kPlenty) == "ok");
  // Sound JSON, a thousand times as long when inflated; in many members, so as to be cheap to make.
  std::string bomb = gzip("[");
  const std::string member = gzip(std::string(10u << 20, ' '));
  for (int i = 0; i < 20; ++i) bomb += member;
  bomb += gzip("]");
  const auto before = peak_bytes();
  CHECK(check(bomb, kGzip, 1u << 30) == "ok");
  CHECK(peak_bytes() - before < (8u << 20));
}

TEST_CASE("body pipeline: where the pieces are cut changes nothing", "[cache]") {
  const std::string body =
      "{\"entries\":[{\"uid\":\"blt\xc3\xa9\\u00e9\"}],\"n\":-1.5e3,\"error_code\":105}";
  const auto wire = GENERATE_COPY(as<std::string>(), body, body + " {}", body.substr(1),
                                  body.substr(0, body.size() - 1));
  const auto coding = GENERATE(kIdentity, kGzip);
  std::string bytes = coding == kGzip ? gzip(wire) : wire;
  if (coding == kGzip)
    bytes = GENERATE_COPY(as<std::string>(), bytes, bytes + gzip(" "), bytes + "x");
  struct Outcome {
    std::string verdict;
    EntityTag etag;
    int error_code = 0;
    bool operator==(const Outcome&) const = default;
  };
  const auto outcome_of = [&](const std::vector<std::string_view>& pieces) {
    ErrorCodeReader reader;
    BodyPipeline pipeline(coding, {.max_bytes = kPlenty, .max_decoded_bytes = kPlenty}, &reader);
    for (const auto piece : pieces) pipeline.feed(piece);
    const auto result = pipeline.finish();
    return result ? Outcome{"ok", result->etag, reader.code()} : Outcome{verdict(result), {}, 0};
  };
  const std::string_view all = bytes;
  const auto whole = outcome_of({all});
  CHECK((whole.verdict == "ok") == (wire == body && !all.ends_with('x')));
  if (whole.verdict == "ok") CHECK(whole.error_code == 105);
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    REQUIRE(outcome_of({all.substr(0, cut), all.substr(cut)}) == whole);
    if (cut > 0) REQUIRE(check(all, coding, kPlenty, cut) == whole.verdict);
  }
}

TEST_CASE("body pipeline: the entity tag is that of coding and bytes", "[cache]") {
  const std::string body = "{\"a\":1}";
  for (const auto coding : {kIdentity, kGzip}) {
    const std::string wire = coding == kGzip ? gzip(body) : body;
    EntityTagBuilder expected(coding);
    expected.add(wire);
    BodyPipeline pipeline(coding, {.max_bytes = kPlenty, .max_decoded_bytes = kPlenty});
    CHECK(pipeline.feed(wire.substr(0, 3)));
    CHECK(pipeline.feed(wire.substr(3)));
    const auto result = pipeline.finish();
    REQUIRE(result);
    CHECK(result->etag == expected.finish());
    CHECK(result->bytes == wire.size());
  }
}

TEST_CASE("body pipeline: the transferred size is bounded, to the octet", "[cache]") {
  const std::string body = "[\"" + std::string(96, 'x') + "\"]";
  for (const std::size_t max : {body.size() - 1, body.size()}) {
    BodyPipeline pipeline(kIdentity, {.max_bytes = max, .max_decoded_bytes = kPlenty});
    CHECK(pipeline.feed(body.substr(0, 50)));
    CHECK(pipeline.feed(body.substr(50)) == (max == body.size()));
    CHECK(verdict(pipeline.finish()) == (max == body.size() ? "ok" : "full"));
  }
}

TEST_CASE("body pipeline: what is broken is known at once, and stays broken", "[cache]") {
  BodyPipeline pipeline(kIdentity, {.max_bytes = kPlenty, .max_decoded_bytes = kPlenty});
  CHECK_FALSE(pipeline.feed("<"));
  CHECK_FALSE(pipeline.feed("{}"));
  CHECK(verdict(pipeline.finish()) == "corrupt");
}

TEST_CASE("body pipeline: large bodies, and small ones after them", "[cache]") {
  std::string body = "[";
  for (int i = 0; i < 200'000; ++i) body += "{\"uid\":\"blt" + std::to_string(i) + "\"},";
  body += "{}]";
  for (int round = 0; round < 2; ++round) {
    CHECK(check(body, kIdentity, kPlenty) == "ok");
    CHECK(check(gzip(body), kGzip, kPlenty) == "ok");
    CHECK(check("{}", kIdentity, kPlenty) == "ok");
    CHECK(check(gzip("{}"), kGzip, kPlenty) == "ok");
  }
}

TEST_CASE("body pipeline: damaged gzip never passes for what it was not", "[cache]") {
  const std::string body = "{\"entries\":[{\"uid\":\"blt1\",\"title\":\"abcabcabcabcabc\"}]}";
  const std::string packed = gzip(body);
  std::mt19937 random(23);
  for (int round = 0; round < 5'000; ++round) {
    std::string damaged = packed;
    const std::size_t at = 10 + random() % (packed.size() - 10);  // behind the header's free fields
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (random() % 8)));
    // Some bits of deflate mean nothing.
    const bool ok = check(damaged, kGzip, 1u << 20) == "ok";
    CHECK(ok == (gunzip(damaged) == body));
  }
}
