// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/entry_values.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <vector>

#include "cache/body/json_stream.h"

using namespace larder;

namespace {

using Values = std::vector<FieldValue>;

std::optional<Values> values_of(const std::string& entry, std::size_t piece = 3) {
  EntryValues values;
  JsonStream stream(&values);
  const std::string text = R"({"entry":)" + entry + "}";
  for (std::size_t at = 0; at < text.size(); at += piece) {
    REQUIRE(stream.feed(std::string_view(text).substr(at, piece)));
  }
  REQUIRE(stream.finish());
  return values.take();
}

}  // namespace

TEST_CASE(
    "entry values: each text, number and truth value of its own fields, and of lists of them") {
  const auto [entry, values] = GENERATE(table<std::string, Values>({
      {"{}", {}},
      {R"({"url":"/a","price":7.50,"sold":false})",
       {field_value("url", "/a"), field_value("price", "7.5"), field_value("sold", "false")}},
      {R"({"tags":["x","y","x"],"n":[1,true]})",
       {field_value("tags", "x"), field_value("tags", "y"), field_value("n", "1"),
        field_value("n", "true")}},
      {R"({"sold":true})", {field_value("sold", "true"), field_value("sold", "1")}},
      {R"({"none":null,"empty":[]})", {any_value("none")}},
      {R"({"group":{"url":"/b","more":["z"]},"url":"/a"})",
       {any_value("group"), field_value("url", "/a")}},
      {R"({"author":[{"uid":"b","_content_type_uid":"author"},"c"]})",
       {any_value("author"), field_value("author", "c")}},
      {R"({"deep":[["x"]],"day":"2020-01-01"})", {any_value("deep"), any_value("day")}},
  }));
  const auto piece = GENERATE(1U, 7U, 1'000U);
  CAPTURE(entry, piece);
  CHECK(values_of(entry, piece) == values);
}

TEST_CASE(
    "entry values: a value that is too long could be any, a field that is too long makes all "
    "unknown") {
  const std::string text(kMostValueBytes + 1, 'a');
  CHECK(values_of(R"({"body":")" + text + "\"}") == Values{any_value("body")});
  CHECK_FALSE(values_of("{\"" + text + R"(":"x"})"));
}

TEST_CASE("entry values: of more than are kept, none is known") {
  std::string entry = "{";
  for (std::size_t i = 0; i < EntryValues::kMostValues; ++i) {
    entry += (i == 0 ? "\"f" : ",\"f") + std::to_string(i) + "\":1";
  }
  const auto all = values_of(entry + "}");
  REQUIRE(all);
  CHECK(all->size() == EntryValues::kMostValues);
  CHECK_FALSE(values_of(entry + R"(,"more":1})"));
}
