// SPDX-License-Identifier: Apache-2.0
#include "cache/body/error_code.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "cache/body/json_stream.h"

using namespace larder;

TEST_CASE("error code: a document without content", "[cache]") {
  struct Case {
    const char* body;
    bool expected;
  };
  const auto c = GENERATE(values<Case>({
      {"{}", true},
      {" { } ", true},
      {"{\"error_code\":105}", true},
      {"{\"error_code\":\"105\"}", true},
      {"{\"entry\":{},\"error_code\":null}", true},
      {"{\"entry\":{}}", false},
      {"{\"entry\":{\"error_code\":1}}", false},
      {"{\"a\":\"error_code\"}", false},
      {"[]", false},
      {"[{}]", false},
      {"1", false},
  }));
  CAPTURE(c.body);
  ErrorCodeReader reader;
  JsonStream json(&reader);
  REQUIRE(json.feed(c.body));
  REQUIRE(json.finish());
  CHECK(reader.is_no_content() == c.expected);
}

TEST_CASE("error code: the first in the outermost object, if it is a positive integer", "[cache]") {
  struct Case {
    const char* body;
    int code;
  };
  const auto c = GENERATE(values<Case>({
      {"{\"error_message\":\"x\",\"error_code\":105,\"errors\":{\"access_token\":[\"is "
       "invalid\"]}}",
       105},
      {"{\"errors\":{\"uid\":[\"x\"]},\"error_code\":141}", 141},
      {"{ \"error_code\" : 109 }", 109},
      {"{\"error\\u005fcode\":109}", 109},
      {"{\"error_code\":105,\"error_code\":141}", 105},
      {"{\"error_code\":null,\"error_code\":141}", 0},
      {"{\"error_code\":[141]}", 0},
      {"{\"error_code\":{\"error_code\":141}}", 0},
      {"{\"error_code\":\"105\"}", 0},
      {"{\"error_code\":-5}", 0},
      {"{\"error_code\":1.5}", 0},
      {"{\"error_code\":1e2}", 0},
      {"{\"error_code\":0}", 0},
      {"{\"error_code\":2147483647}", 2147483647},
      {"{\"error_code\":2147483648}", 0},
      {"{\"error_code\":99999999999999999999}", 0},
      {"{\"error_codes\":105}", 0},
      {"{\"error_code_is_the_name\":105}", 0},
      {"{\"a\":\"error_code\",\"b\":105}", 0},
      {"{\"entry\":{\"error_code\":105}}", 0},
      {"[{\"error_code\":105}]", 0},
      {"[\"error_code\",105]", 0},
  }));
  const std::string_view body = c.body;
  CAPTURE(body);
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    ErrorCodeReader reader;
    JsonStream stream(&reader);
    stream.feed(body.substr(0, cut));
    stream.feed(body.substr(cut));
    REQUIRE(stream.complete());
    CHECK(reader.code() == c.code);
  }
}
