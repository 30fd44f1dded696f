// SPDX-License-Identifier: Apache-2.0
#include "cache/tags/required_values.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <vector>

using namespace larder;

TEST_CASE("required values: a filter by equality says which entries can pass") {
  struct Case {
    std::string filter, field;
    std::vector<FieldValue> values;
  };
  const auto c = GENERATE(values<Case>({
      {R"({"url":"/a"})", "url", {field_value("url", "/a")}},
      {R"({"url":"\/\u0061"})", "url", {field_value("url", "/a")}},
      {R"({"price":7})", "price", {field_value("price", "7")}},
      {R"({"featured":true})", "featured", {field_value("featured", "true")}},
      {R"({"url":{"$eq":"/a"}})", "url", {field_value("url", "/a")}},
      {R"({"url":{"$in":["/a","/b"]}})",
       "url",
       {field_value("url", "/a"), field_value("url", "/b")}},
      // The narrowest one, whatever else is asked for.
      {R"({"tag":{"$in":["x","y"]},"price":{"$gt":7},"url":"/a","author":{"$in_query":{"a":"b"}}})",
       "url",
       {field_value("url", "/a")}},
      {R"({"featured":false,"date":"2020-01-01","tag":{"$in":["x"]}})",
       "tag",
       {field_value("tag", "x")}},
      {R"({"$or":[{"url":"/b"}],"url":"/a"})", "url", {field_value("url", "/a")}},
      {R"({"a":{"$exists":true},"url":"/a"})", "url", {field_value("url", "/a")}},
  }));
  CAPTURE(c.filter);
  const auto required = RequiredValues::of_filter(c.filter);
  REQUIRE(required);
  CHECK(required->field == c.field);
  CHECK(required->values == c.values);
}

TEST_CASE("required values: what may be passed otherwise requires nothing") {
  std::string many = R"({"url":{"$in":["/a")";
  for (std::size_t i = 0; i < RequiredValues::kMostValues; ++i)
    many += ",\"" + std::to_string(i) + "\"";
  many += "]}}";
  std::string members = "{";
  for (int i = 0; i < 100; ++i) members += "\"f" + std::to_string(i) + "\":{\"$gt\":1},";
  const auto filter = GENERATE_COPY(
      std::string(), std::string("{}"), std::string("[]"), std::string(R"(["url","/a"])"),
      std::string(R"("url")"), std::string(R"({"url":"/a")"), std::string(R"({"url":null})"),
      std::string(R"({"url":""})"), std::string(R"({"featured":false})"),
      std::string(R"({"date":"2020-01-01"})"), std::string(R"({"url":["/a"]})"),
      std::string(R"({"url":{"$ne":"/a"}})"), std::string(R"({"url":{"$nin":["/a"]}})"),
      std::string(R"({"url":{"$regex":"/a"}})"), std::string(R"({"url":{"$in":"/a"}})"),
      std::string(R"({"url":{"$in":[]}})"), std::string(R"({"url":{"$in":["/a",null]}})"),
      std::string(R"({"url":{"$in":["/a",["/b"]]}})"),
      std::string(R"({"url":{"$in":["/a",{"b":1}]}})"),
      std::string(R"({"url":{"$in":["/a","2020-01-01"]}})"),
      std::string(R"({"url":{"$eq":{"a":"/a"}}})"),
      std::string(R"({"url":{"$not":{"$in":["/a"]}}})"),
      std::string(R"({"url":{"$not":{"$eq":"/a"}}})"), std::string(R"({"url":{"a":"/a"}})"),
      std::string(R"({"url":"/a","url":"/b"})"), std::string(R"({"url":"/a","url":{"$gt":"/b"}})"),
      std::string(R"({"$and":[{"url":"/a"}]})"), std::string(R"({"$or":[{"url":"/a"}]})"),
      std::string(R"({"author.name":"a"})"), std::string(R"({"_content_type_uid":"a"})"),
      std::string(R"({"locale":"en"})"), std::string(R"({"updated_at":"a"})"), many,
      members + R"("url":"/a"})", R"({"url":")" + std::string(kMostValueBytes + 1, 'a') + "\"}",
      "{\"" + std::string(kMostValueBytes + 1, 'f') + R"(":"/a"})");
  CAPTURE(filter);
  CHECK_FALSE(RequiredValues::of_filter(filter));
}

TEST_CASE("required values: the text of false or null asks for it, as other parsers cast it") {
  const auto filter = GENERATE(R"({"featured":"false"})", R"({"featured":{"$eq":"False"}})",
                               R"({"featured":{"$in":["true","false"]}})", R"({"featured":"null"})",
                               R"({"featured":0})", R"({"featured":"0.0"})");
  CAPTURE(filter);
  CHECK_FALSE(RequiredValues::of_filter(filter));
}

TEST_CASE("required values: of an operator that is there twice, none is certain") {
  const auto filter =
      GENERATE(R"({"url":{"$in":["/a"],"$in":"/b"}})", R"({"url":{"$in":["/a"],"$in":null}})");
  CAPTURE(filter);
  CHECK_FALSE(RequiredValues::of_filter(filter));
}
