// SPDX-License-Identifier: Apache-2.0
#include "cache/request/query_json.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

using namespace larder;

namespace {

std::optional<std::string> canonical(const std::string& json) {
  std::vector<char> out(json.size() + 1, '\x7e');
  const std::size_t length = canonical_json(json, out.data());
  REQUIRE(out.back() == '\x7e');  // never longer than the input
  if (length == std::string::npos) return std::nullopt;
  return std::string(out.data(), length);
}

/// Random JSON: what it means in one writing of its own, and the same in a random spelling.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  struct Text {
    std::string meaning;
    std::string spelled;
  };

  Text value(int depth) {
    switch (pick(depth > 0 ? 7 : 5)) {
      case 0:
        return string();
      case 1:
        return number();
      case 2:
        return same("true");
      case 3:
        return same("null");
      case 4:
        return same("false");
      case 5:
        return container(depth, '[', ']', false);
      default:
        return container(depth, '{', '}', true);
    }
  }

 private:
  unsigned pick(unsigned count) { return random_() % count; }
  static Text same(const std::string& text) { return {text, text}; }

  std::string space() {
    static const std::vector<std::string> kSpaces = {"", "", " ", "\n", "\t\r", "  "};
    return kSpaces[pick(6)];
  }

  Text number() {
    static const std::vector<std::string> kNumbers = {"0",   "-0",  "1",    "10",    "1.0",
                                                      "1e2", "1E2", "1e+2", "-1.50", "0.1"};
    return same(kNumbers[pick(10)]);
  }

  Text string() {
    struct Character {
      const char* meaning;
      std::vector<std::string> spellings;
    };
    static const std::vector<Character> kCharacters = {
        {"a", {"a", "\\u0061"}},
        {"/", {"/", "\\/", "\\u002f", "\\u002F"}},
        {"<quote>", {"\\\"", "\\u0022"}},
        {"<backslash>", {"\\\\", "\\u005C"}},
        {"<newline>", {"\\n", "\\u000a"}},
        {"<backspace>", {"\\b", "\\u0008"}},
        {"<nul>", {"\\u0000"}},
        {"<unit separator>", {"\\u001f", "\\u001F"}},
        {"<delete>", {"\x7f", "\\u007f"}},
        {"\xc3\xa9", {"\xc3\xa9", "\\u00e9", "\\u00E9"}},
        {"\xe2\x82\xac", {"\xe2\x82\xac", "\\u20ac"}},
        {"\xf0\x9f\x98\x80", {"\xf0\x9f\x98\x80", "\\ud83d\\ude00", "\\uD83D\\uDE00"}},
        {" ", {" ", "\\u0020"}},
        {"u0061", {"u0061"}},
        {"n", {"n"}},
    };
    Text text{"\"", "\""};
    for (unsigned n = pick(4); n > 0; --n) {
      const Character& character = kCharacters[pick(kCharacters.size())];
      text.meaning += character.meaning;
      text.spelled += character.spellings[pick(character.spellings.size())];
    }
    return {text.meaning + "\"", text.spelled + "\""};
  }

  Text container(int depth, char open, char close, bool keys) {
    Text text{std::string(1, open), open + space()};
    for (unsigned n = pick(3), i = 0; i < n; ++i) {
      if (i > 0) text = {text.meaning + ",", text.spelled + "," + space()};
      if (keys) {
        const Text key = string();
        text = {text.meaning + key.meaning + ":",
                text.spelled + key.spelled + space() + ":" + space()};
      }
      const Text member = value(depth - 1);
      text = {text.meaning + member.meaning, text.spelled + member.spelled + space()};
    }
    return {text.meaning + close, text.spelled + close};
  }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE("query JSON: white space and escapes", "[cache]") {
  struct Case {
    const char* json;
    const char* expected;
  };
  const auto c = GENERATE(values<Case>({
      {"{}", "{}"},
      {" { } ", "{}"},
      {"[ ]", "[]"},
      {"[ [ ] , { } ]", "[[],{}]"},
      {"{ \"a\" : [ 1 , 2 ] , \"b\" : { \"c\" : null } }", "{\"a\":[1,2],\"b\":{\"c\":null}}"},
      {"{\"a b\": \" c \"}", "{\"a b\":\" c \"}"},
      {"{\"b\":1,\"a\":2,\"b\":3}", "{\"b\":1,\"a\":2,\"b\":3}"},
      {"[1.0, 1e2, 1E+2, -0, 0.10]", "[1.0,1e2,1E+2,-0,0.10]"},
      {"\"\\/\"", "\"/\""},
      {"\"\\u00e9\\u0026\"", "\"\xc3\xa9&\""},
      {"\"\\u0022\\u005c\\u000A\\u0001\"", "\"\\\"\\\\\\n\\u0001\""},
      {"\"\\b\\f\\n\\r\\t\\\"\\\\\"", "\"\\b\\f\\n\\r\\t\\\"\\\\\""},
      {"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""},
      {"\"\\uffff\"", "\"\xef\xbf\xbf\""},
      {"true", "true"},
      {" 12 ", "12"},
  }));
  CAPTURE(c.json);
  CHECK(canonical(c.json) == c.expected);
  CHECK(canonical(c.expected) == c.expected);
}

TEST_CASE("query JSON: what is none stays as it is", "[cache]") {
  const std::string json = GENERATE(
      as<std::string>{}, "", " ", "author", "{", "}", "[", "]", "{]", "[}", "{\"a\"}", "{\"a\":}",
      "{\"a\":1,}", "[1,]", "[,1]", "{,}", "{1:2}", "{\"a\" 1}", "[1 2]", "{} {}", "{}x", "tru",
      "truex", "nul", "01", "-", "+1", ".5", "1.", "1e", "1e+", "--1", "0x1", "NaN", "'a'", "\"",
      "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "\"\\ud83d\"", "\"\\ude00\"",
      "\"\\ud83d\\u0041\"", "\"\\ud83d\\ud83d\"", "\"\\ud83dx\"", "\"\\ud83d\\ude0\"",
      "\xef\xbb\xbf{}", "[1]\x0b", "{\"a\":1}}", "[[1]");
  CAPTURE(json);
  CHECK(canonical(json) == std::nullopt);
}

TEST_CASE("query JSON: depth is bounded", "[cache]") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(canonical(nested(128)).has_value());
  CHECK_FALSE(canonical(nested(129)).has_value());
  CHECK_FALSE(canonical(std::string(100'000, '[')).has_value());
  CHECK(is_json_text(nested(1'024)));
  CHECK_FALSE(is_json_text(nested(1'025)));
  std::string mixed, closing;
  for (int i = 0; i < 100; ++i) {
    mixed += i % 3 ? "{\"a\": " : "[ ";
    closing.insert(0, i % 3 ? " }" : " ]");
  }
  CHECK(canonical(mixed + "1" + closing).has_value());
  closing[closing.size() / 2] = closing[closing.size() / 2] == ' ' ? ',' : ' ';
  CHECK_FALSE(canonical(mixed + "1" + closing).has_value());
}

TEST_CASE("query JSON: equal meaning, and only that, gives equal text", "[cache]") {
  Generator generator(17);
  std::map<std::string, std::string> meaning_of;
  std::map<std::string, std::string> text_of;
  for (int round = 0; round < 50'000; ++round) {
    const auto [meaning, spelled] = generator.value(3);
    CAPTURE(spelled, meaning);
    const auto text = canonical(spelled);
    REQUIRE(text.has_value());
    REQUIRE(canonical(*text) == text);
    REQUIRE(meaning_of.emplace(*text, meaning).first->second == meaning);
    REQUIRE(text_of.emplace(meaning, *text).first->second == *text);
  }
}

TEST_CASE("query JSON: any bytes are read without harm", "[cache]") {
  std::mt19937 random(19);
  constexpr std::string_view kOctets = "{}[]\",:\\u0123dDcC8etrufalsn .-+E\x01\x80\xff";
  for (int round = 0; round < 100'000; ++round) {
    std::string text;
    for (unsigned n = random() % 16; n > 0; --n) text.push_back(kOctets[random() % kOctets.size()]);
    CAPTURE(text);
    if (const auto result = canonical(text)) REQUIRE(canonical(*result) == result);
    is_json_text(text);
  }
}
