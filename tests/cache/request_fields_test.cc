// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "tests/cache/request_builder.h"

using namespace larder;
using namespace larder::testing;

namespace {

struct Field {
  const char* name;
  std::string_view RequestFields::*member;
};

const std::vector<Field> kNamedFields = {
    {"api_key", &RequestFields::api_key},
    {"access_token", &RequestFields::access_token},
    {"branch", &RequestFields::branch},
    {"environment", &RequestFields::environment},
    {"preview_token", &RequestFields::preview_token},
    {"live_preview", &RequestFields::live_preview},
    {"release_id", &RequestFields::release_id},
    {"preview_timestamp", &RequestFields::preview_timestamp},
    {"authorization", &RequestFields::authorization},
    {"authtoken", &RequestFields::authtoken},
};

std::string spelled(std::string name, bool dashes, bool capitals) {
  for (char& c : name) {
    if (dashes && c == '_') c = '-';
    if (capitals && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return name;
}

std::string escaped_first(const std::string& name) {
  constexpr const char* kHex = "0123456789abcdef";
  return std::string("%") + kHex[static_cast<unsigned char>(name[0]) / 16] +
         kHex[static_cast<unsigned char>(name[0]) % 16] + name.substr(1);
}

/// A request that is complete but for the field under test.
RequestBuilder base(const std::string& without, const std::string& query = "") {
  RequestBuilder builder("/v3/assets?x=1" + query);
  if (without != "api_key") builder.header("api_key", kApiKey);
  if (without != "access_token") builder.header("access_token", kToken);
  return builder;
}

Config permissive() {
  Config config;
  config.preview.allow_authorization = true;
  return config;
}

}  // namespace

TEST_CASE("request fields: each is read from header or query, over case, - and _", "[cache]") {
  const Field field = GENERATE(from_range(kNamedFields));
  const bool dashes = GENERATE(false, true);
  const bool capitals = GENERATE(false, true);
  const bool in_query = GENERATE(false, true);
  const std::string name = spelled(field.name, dashes, capitals);
  CAPTURE(name, in_query);
  Decoded scratch;
  auto builder = base(field.name, in_query ? "&" + escaped_first(name) + "=va%6Cue" : "");
  if (!in_query) builder.header(name, "value");
  const Outcome outcome = run(builder, permissive(), scratch);
  CAPTURE(outcome.refusal.cause);
  REQUIRE(outcome.refusal.status == 0);
  CHECK(outcome.fields.*field.member == "value");
}

TEST_CASE("request fields: a credential in the query is known by the SDKs' own name for it",
          "[cache]") {
  struct Case {
    const char* name;
    std::string_view RequestFields::*member;
  };
  const auto c = GENERATE(values<Case>({
      {"previewToken", &RequestFields::preview_token},
      {"previewtoken", &RequestFields::preview_token},
      {"livePreview", &RequestFields::live_preview},
      {"preview%54oken", &RequestFields::preview_token},
  }));
  CAPTURE(c.name);
  Decoded scratch;
  auto builder = base("preview_token", std::string("&") + c.name + "=value");
  const Outcome outcome = run(builder, permissive(), scratch);
  CAPTURE(outcome.refusal.cause);
  REQUIRE(outcome.refusal.status == 0);
  CHECK(outcome.fields.*c.member == "value");
}

TEST_CASE("request fields: one that occurs twice is refused", "[cache]") {
  const Field field = GENERATE(from_range(kNamedFields));
  const bool dashes = GENERATE(false, true);
  const bool empty = GENERATE(false, true);
  const std::string name = field.name;
  const std::string again = spelled(name, dashes, true);
  const std::string_view value = empty ? "" : "value";
  CAPTURE(name, again, empty);
  Decoded scratch;

  auto in_header = base(name);
  in_header.header(name, value).header(again, value);
  CHECK(run(in_header, permissive(), scratch).refusal.status == 400);
  CHECK(run(in_header, permissive(), scratch).refusal.field == name);

  const std::string text(value);
  auto in_query = base(name, "&" + name + "=" + text + "&" + escaped_first(again) + "=" + text);
  CHECK(run(in_query, permissive(), scratch).refusal.status == 400);
}

TEST_CASE("request fields: header and query may agree, but not differ", "[cache]") {
  const Field field = GENERATE(from_range(kNamedFields));
  const std::string name = field.name;
  CAPTURE(name);
  Decoded scratch;

  auto equal = base(name, "&" + name + "=a%2Db");
  equal.header(name, "a-b");
  CHECK(run(equal, permissive(), scratch).refusal.status == 0);

  auto different = base(name, "&" + name + "=a");
  different.header(name, "b");
  CHECK(run(different, permissive(), scratch).refusal.status == 400);

  auto empty_header = base(name, "&" + name + "=a");
  empty_header.header(name, "");
  const Outcome from_query = run(empty_header, permissive(), scratch);
  CHECK(from_query.refusal.status == 0);
  CHECK(from_query.fields.*field.member == "a");

  auto empty_query = base(name, "&" + name + "=");
  empty_query.header(name, "b");
  const Outcome from_header = run(empty_query, permissive(), scratch);
  CHECK(from_header.refusal.status == 0);
  CHECK(from_header.fields.*field.member == "b");
}

TEST_CASE("request fields: what a nested-query parser takes for a field is refused", "[cache]") {
  const Field field = GENERATE(from_range(kNamedFields));
  const std::string suffix = GENERATE("[]", "%5B%5D", "[0]", "%5b0%5d", "[a][b]");
  CAPTURE(field.name, suffix);
  Decoded scratch;
  auto builder = base("", std::string("&") + field.name + suffix + "=x");
  CHECK(run(builder, permissive(), scratch).refusal.status == 400);
}

TEST_CASE("request fields: octets and lengths of values", "[cache]") {
  struct Case {
    const char* query;
    int status;
  };
  const auto c = GENERATE(values<Case>({
      {"environment=my%20environment", 0},
      {"environment=caf%C3%A9", 0},
      {"environment=a%0d%0ax-evil:1", 400},
      {"environment=a%7f", 400},
      {"branch=a%20b", 400},
      {"branch=a%09b", 400},
      {"branch=caf%C3%A9", 400},
      {"preview_token=a%0ab", 400},
      {"live_preview=a%0ab", 400},
      {"preview_timestamp=2026-01-01T00%3A00%3A00.000Z", 0},
      {"release_id=%01", 400},
  }));
  CAPTURE(c.query);
  Decoded scratch;
  auto builder = RequestBuilder::delivery(std::string("/v3/assets?") + c.query);
  CHECK(run(builder, Config{}, scratch).refusal.status == c.status);
}

TEST_CASE("request fields: those of a scope are at most 256 octets long", "[cache]") {
  Decoded scratch;
  const std::string_view name = GENERATE("api_key", "access_token", "environment", "branch");
  CAPTURE(name);
  for (const std::size_t length : {std::size_t{256}, std::size_t{257}}) {
    auto builder = base(std::string(name));
    builder.header(name, std::string(length, 'a'));
    CHECK(run(builder, Config{}, scratch).refusal.status == (length > 256 ? 400 : 0));
  }
}

TEST_CASE("request fields: the lists of variants come in one field each", "[cache]") {
  Decoded scratch;
  const std::string_view name = GENERATE("x-cs-variant-uid", "x-header-ea");
  CAPTURE(name);
  auto twice = RequestBuilder::delivery("/v3/assets");
  twice.header(name, "a").header(spelled(std::string(name), false, true), "b");
  CHECK(run(twice, Config{}, scratch).refusal.status == 400);
  auto control = RequestBuilder::delivery("/v3/assets");
  control.header(name, "a\x01");
  CHECK(run(control, Config{}, scratch).refusal.status == 400);
}

TEST_CASE("request fields: defaults", "[cache]") {
  Decoded scratch;
  auto builder = RequestBuilder::delivery("/v3/assets");
  const Outcome outcome = run(builder, Config{}, scratch);
  CHECK(outcome.fields.branch == "main");
  CHECK(outcome.fields.environment.empty());
  CHECK_FALSE(outcome.fields.environment_in_query);
  CHECK(outcome.fields.representation == Representation::identity);
}

TEST_CASE("request fields: two If-None-Match count as none", "[cache]") {
  Decoded scratch;
  auto builder = RequestBuilder::delivery("/v3/assets");
  builder.header("If-None-Match", "\"a\"");
  CHECK(run(builder, Config{}, scratch).fields.if_none_match == "\"a\"");
  builder.header("if-none-match", "\"b\"");
  CHECK(run(builder, Config{}, scratch).fields.if_none_match.empty());
}

TEST_CASE("request fields: the form of the body that the client reads", "[cache]") {
  struct Case {
    std::vector<std::string_view> values;
    Representation expected;
  };
  constexpr auto kGzip = Representation::gzip;
  constexpr auto kIdentity = Representation::identity;
  const auto c = GENERATE(values<Case>({
      {{}, kIdentity},
      {{""}, kIdentity},
      {{"gzip"}, kGzip},
      {{"GZip"}, kGzip},
      {{"x-gzip"}, kGzip},
      {{"br, gzip, deflate"}, kGzip},
      {{"gzip,deflate"}, kGzip},
      {{"br"}, kIdentity},
      {{"br", "gzip"}, kGzip},
      {{"gzip;q=0"}, kIdentity},
      {{"gzip;q=0.000"}, kIdentity},
      {{"gzip; Q=0.001"}, kGzip},
      {{"gzip ; q=1.0"}, kGzip},
      {{"gzip;q=1.5"}, kIdentity},
      {{"gzip;q=x"}, kIdentity},
      {{"gzip;q"}, kIdentity},
      {{"gzip;level=9"}, kIdentity},
      {{"*"}, kGzip},
      {{"*;q=0.5"}, kGzip},
      {{"*;q=0"}, kIdentity},
      {{"gzip;q=0, *"}, kIdentity},
      {{"*;q=0, gzip;q=0.1"}, kGzip},
      {{"identity;q=0"}, kIdentity},
      {{"identity;q=0, gzip"}, kGzip},
      {{"gzipped"}, kIdentity},
      {{",,gzip,,"}, kGzip},
  }));
  CAPTURE(c.values);
  Decoded scratch;
  auto builder = RequestBuilder::delivery("/v3/assets");
  for (const auto value : c.values) builder.header("Accept-Encoding", value);
  CHECK(run(builder, Config{}, scratch).fields.representation == c.expected);
}
