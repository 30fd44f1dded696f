// SPDX-License-Identifier: Apache-2.0
#include "conf/base/json_text.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <random>

using namespace larder;

TEST_CASE("json: texts are quoted, escaped and always valid UTF-8", "[conf]") {
  using namespace std::string_literals;
  struct Case {
    const char* name;
    std::string text;
    std::string json;
  };
  const std::string bad = "\xEF\xBF\xBD";
  const auto c = GENERATE_COPY(values<Case>({
      {"empty", "", "\"\""},
      {"plain", "entries/blt1?x=1&y=/", "\"entries/blt1?x=1&y=/\""},
      {"quotes and backslash", "a\"b\\c", "\"a\\\"b\\\\c\""},
      {"line breaks", "a\r\n\tb", "\"a\\r\\n\\tb\""},
      {"control", "\0\x1F"s, "\"\\u0000\\u001f\""},
      {"two, three, four bytes", "\u00e9\u20ac\U0001F600", "\"\u00e9\u20ac\U0001F600\""},
      {"last code point", "\xF4\x8F\xBF\xBF", "\"\xF4\x8F\xBF\xBF\""},
      {"lone continuation", "a\x80z", "\"a" + bad + "z\""},
      {"cut short", "a\xE2\x82", "\"a" + bad + "\""},
      {"cut short, then text", "\xE2\x82z", "\"" + bad + "z\""},
      {"overlong slash", "\xC0\xAF", "\"" + bad + bad + "\""},
      {"overlong three", "\xE0\x80\xAF", "\"" + bad + bad + bad + "\""},
      {"surrogate", "\xED\xA0\x80", "\"" + bad + bad + bad + "\""},
      {"beyond Unicode", "\xF4\x90\x80\x80", "\"" + bad + bad + bad + bad + "\""},
      {"FF", "\xFF\"", "\"" + bad + "\\\"\""},
  }));
  DYNAMIC_SECTION(c.name) {
    CHECK(json_quote(c.text) == c.json);
  }
}

TEST_CASE("json: any bytes give one line of printable characters in quotes", "[conf]") {
  std::mt19937 random(GENERATE(1u, 2u, 3u));
  for (int round = 0; round < 2'000; ++round) {
    std::string text(random() % 40, '\0');
    for (char& c : text) c = static_cast<char>(random());
    std::string json = "x";
    append_json_string(json, text);
    REQUIRE(json.size() >= 3);
    REQUIRE(json.starts_with("x\""));
    REQUIRE(json.ends_with('"'));
    for (const char c : json) REQUIRE(static_cast<unsigned char>(c) >= 0x20);
    const std::string inner = json.substr(2, json.size() - 3);
    for (std::size_t at = 0; at < inner.size(); ++at) {
      if (inner[at] == '\\') {
        ++at;
        REQUIRE(at < inner.size());
      } else {
        REQUIRE(inner[at] != '"');
      }
    }
  }
}
