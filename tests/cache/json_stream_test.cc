// SPDX-License-Identifier: Apache-2.0
#include "cache/body/json_stream.h"

#include <simdjson.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <random>
#include <string>

#include "cache/request/query_json.h"

using larder::JsonStream;

namespace {

/// Fed whole, octet by octet, and in two halves: always the same.
bool is_whole(const std::string& text) {
  JsonStream whole;
  const bool verdict = whole.feed(text) && whole.complete();
  JsonStream slow;
  bool going = true;
  for (const char& octet : text) going = slow.feed({&octet, 1}) && going;
  CHECK((going && slow.complete()) == verdict);
  JsonStream halves;
  going = halves.feed(std::string_view(text).substr(0, text.size() / 2));
  going = halves.feed(std::string_view(text).substr(text.size() / 2)) && going;
  CHECK((going && halves.complete()) == verdict);
  return verdict;
}

std::string nested(unsigned depth, char open, char close) {
  return std::string(depth, open) + std::string(depth, close);
}

}  // namespace

TEST_CASE("JSON stream: what is whole, and what is not", "[cache]") {
  struct Case {
    const char* text;
    bool expected;
  };
  const auto c = GENERATE(values<Case>({
      {"{}", true},
      {"[]", true},
      {" \r\n\t[ ] ", true},
      {"[0]", true},
      {"[-0, 0.5, 10, 1e5, 1E+5, 1.25e-7, 123456789012345678901234567890]", true},
      {"[true,false,null]", true},
      {"[\"\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\"]", true},
      {"{\"a\":{\"b\":[{},[],\"c\"]},\"a\":1}", true},
      {"[\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"]",
       true},
      {"", false},
      {" ", false},
      {"0", false},
      {"\"a\"", false},
      {"null", false},
      {"{", false},
      {"[", false},
      {"{}{}", false},
      {"[] ]", false},
      {"[]x", false},
      {"[}", false},
      {"{]", false},
      {"[1,]", false},
      {"[,1]", false},
      {"[1 2]", false},
      {"{\"a\"}", false},
      {"{\"a\":}", false},
      {"{\"a\":1,}", false},
      {"{,\"a\":1}", false},
      {"{1:1}", false},
      {"{\"a\" 1}", false},
      {"[01]", false},
      {"[-]", false},
      {"[-a]", false},
      {"[1.]", false},
      {"[.5]", false},
      {"[+1]", false},
      {"[1e]", false},
      {"[1e+]", false},
      {"[1.5.5]", false},
      {"[1e5e5]", false},
      {"[0x1]", false},
      {"[tru]", false},
      {"[truee]", false},
      {"[True]", false},
      {"[nul", false},
      {"[\"a]", false},
      {"[\"\\x\"]", false},
      {"[\"\\u12g4\"]", false},
      {"[\"\\u123\"]", false},
      {"[\"a\nb\"]", false},
      {"[\"a\x7f\"]", true},
      {"[\"\x80\"]", false},
      {"[\"\xc0\x80\"]", false},
      {"[\"\xc1\xbf\"]", false},
      {"[\"\xc2\"]", false},
      {"[\"\xe0\x9f\xbf\"]", false},
      {"[\"\xed\xa0\x80\"]", false},
      {"[\"\xf0\x8f\xbf\xbf\"]", false},
      {"[\"\xf4\x90\x80\x80\"]", false},
      {"[\"\xf5\x80\x80\x80\"]", false},
      {"\xef\xbb\xbf{}", false},
      {"[\xc2\xa0]", false},
  }));
  CAPTURE(c.text);
  CHECK(is_whole(c.text) == c.expected);
}

TEST_CASE("JSON stream: a NUL is no JSON, wherever it is", "[cache]") {
  using std::string_literals::operator""s;
  for (const auto& text : {"\0{}"s, "{}\0"s, "[\"\0\"]"s, "[\"\\\0\"]"s, "[1\0]"s}) {
    CHECK_FALSE(is_whole(text));
  }
}

TEST_CASE("JSON stream: an octet of a long string counts wherever it stands", "[cache]") {
  const std::string head = "[\"";
  for (unsigned octet = 0; octet < 256; ++octet) {
    for (std::size_t place = 0; place < 20; ++place) {
      std::string text(20, place % 2 == 0 ? 'x' : '!');
      text[place] = static_cast<char>(octet);
      CAPTURE(octet, place);
      const bool plain = octet >= 0x20 && octet < 0x80 && octet != '"' && octet != '\\';
      CHECK(is_whole(head + text + "\"]") == plain);
    }
  }
}

TEST_CASE("JSON stream: depth is bounded", "[cache]") {
  CHECK(is_whole(nested(JsonStream::kMaxDepth, '[', ']')));
  CHECK_FALSE(is_whole(nested(JsonStream::kMaxDepth + 1, '[', ']')));
  std::string objects;
  for (unsigned i = 0; i < 500; ++i) objects += "[{\"a\":";
  objects += "1";
  for (unsigned i = 0; i < 500; ++i) objects += "}]";
  CHECK(is_whole(objects));
}

TEST_CASE("JSON stream: nothing mends what is broken", "[cache]") {
  JsonStream stream;
  CHECK_FALSE(stream.feed("[1,]"));
  CHECK_FALSE(stream.feed("1]"));
  CHECK_FALSE(stream.feed(""));
  CHECK_FALSE(stream.complete());
}

TEST_CASE("JSON stream: agrees with another reading of the grammar, whatever octet is changed",
          "[cache]") {
  const std::string body =
      "{\"entries\":[{\"uid\":\"blt1\",\"t\":\"\xc3\xa9\xe2\x82\xac\\u00e9\",\"n\":[-1.5e+3,0,null,"
      "true,false]}],"
      "\"count\":10} ";
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = body;
    for (unsigned changes = 1 + random() % 2; changes > 0; --changes) {
      text[random() % text.size()] =
          static_cast<char>(random() % 2 == 0 ? random() % 256 : body[random() % body.size()]);
    }
    CAPTURE(text);
    const bool container = text.find_first_not_of(" \t\r\n") != std::string::npos &&
                           (text[text.find_first_not_of(" \t\r\n")] == '{' ||
                            text[text.find_first_not_of(" \t\r\n")] == '[');
    const bool expected = container && simdjson::validate_utf8(text.data(), text.size()) &&
                          larder::is_json_text(text);
    JsonStream stream;
    REQUIRE((stream.feed(text) && stream.complete()) == expected);
  }
}
