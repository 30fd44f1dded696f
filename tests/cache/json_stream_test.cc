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

/// Writes down what it is told, the parts of a text put together.
class Transcript final : public larder::JsonEvents {
 public:
  std::string text;

  void on_open(larder::JsonContainer container, unsigned depth) override {
    note(container == larder::JsonContainer::object ? "{" : "[", depth);
  }
  void on_close(larder::JsonContainer container, unsigned depth) override {
    note(container == larder::JsonContainer::object ? "}" : "]", depth);
  }
  void on_text(larder::JsonText kind, std::string_view part, bool last, unsigned depth) override {
    if (!open_) note({&"ksn"[static_cast<int>(kind)], 1}, depth);
    if (!open_) text += '<';
    open_ = !last;
    text += part;
    if (last) text += '>';
  }
  void on_literal(larder::JsonLiteral literal, unsigned depth) override {
    note({&"NFT"[static_cast<int>(literal)], 1}, depth);
  }

 private:
  void note(std::string_view what, unsigned depth) {
    CHECK_FALSE(open_);
    text += ' ' + std::string(what) + std::to_string(depth);
  }
  bool open_ = false;
};

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
      {"0", true},
      {"\"a\"", true},
      {"null", true},
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
    if (!container) continue;  // is_json_text() takes no other value
    const bool expected =
        simdjson::validate_utf8(text.data(), text.size()) && larder::is_json_text(text);
    JsonStream stream;
    REQUIRE((stream.feed(text) && stream.complete()) == expected);
  }
}

TEST_CASE("JSON stream: tells what the text is made of, wherever it is cut", "[cache]") {
  struct Case {
    const char* text;
    const char* expected;
  };
  const auto c = GENERATE(values<Case>({
      {"{}", " {0 }0"},
      {"[ ]", " [0 ]0"},
      {"{\"a\":{\"b\":[1,-2.5e+3,0],\"c\":\"\"},\"d\":[[\"x\"]]}",
       " {0 k1<a> {1 k2<b> [2 n3<1> n3<-2.5e+3> n3<0> ]2 k2<c> s2<> }1 k1<d> [1 [2 s3<x> ]2 ]1 }0"},
      {"[true,false,null]", " [0 T1 F1 N1 ]0"},
      {"[\"one two three four five six\",7]", " [0 s1<one two three four five six> n1<7> ]0"},
      {"{\"k\\\"\\u0065y\":0}", " {0 k1<k\"ey> n1<0> }0"},
      {"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", " [0 s1<\"\\/\b\f\n\r\t> ]0"},
      {"[\"\xc3\xa9-\xe2\x82\xac-\xf0\x9f\x98\x80\"]",
       " [0 s1<\xc3\xa9-\xe2\x82\xac-\xf0\x9f\x98\x80> ]0"},
      {"[\"\\u00e9-\\u20AC-\\ud83d\\ude00-\\uffff\"]",
       " [0 s1<\xc3\xa9-\xe2\x82\xac-\xf0\x9f\x98\x80-\xef\xbf\xbf> ]0"},
      {"[\"\\ud83d\",\"\\ud83dx\",\"\\ud83d\\n\",\"\\ude00\"]",
       " [0 s1<\xef\xbf\xbd> s1<\xef\xbf\xbdx> s1<\xef\xbf\xbd\n> s1<\xef\xbf\xbd> ]0"},
      {"[\"\\ud83d\\ud83d\\ude00\",\"\\ud83d\\u0041\"]",
       " [0 s1<\xef\xbf\xbd\xf0\x9f\x98\x80> s1<\xef\xbf\xbd\x41> ]0"},
  }));
  const std::string_view text = c.text;
  CAPTURE(text);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    CAPTURE(cut);
    Transcript transcript;
    JsonStream stream(&transcript);
    stream.feed(text.substr(0, cut));
    stream.feed(text.substr(cut));
    REQUIRE(stream.complete());
    CHECK(transcript.text == c.expected);
  }
  Transcript transcript;
  JsonStream slow(&transcript);
  for (const char& octet : text) slow.feed({&octet, 1});
  CHECK(transcript.text == c.expected);
}
