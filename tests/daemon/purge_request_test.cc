// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/purge_request.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace {

using larder::PurgeOrder;

std::variant<PurgeOrder, std::string> parse(std::string_view query) {
  static const larder::Config config;
  return larder::parse_purge(query, config);
}

}  // namespace

TEST_CASE("purge: what is wrong with an order is said", "[daemon]") {
  const auto query = GENERATE(
      as<std::string>{}, "", "what=", "what=some", "what=all&api_key=k", "what=scope", "what=url",
      "what=url&url=", "what=url&url=/nothing", "what=url&url=/v3/unknown",
      "what=url&url=/v3/assets%3Flive_preview%3Dx", "what=all&color=red", "what=entry",
      "what=entry&uid=a", "what=entry&content_type=b", "what=asset",
      "what=asset&uid=a&content_type=b", "what=scope&branch=b&uid=a", "what=all&content_type=b",
      "what=asset&uid=a&url=/v3/assets", "what=url&environment=a&url=/v3/assets%3Fenvironment%3Db");
  CAPTURE(query);
  const auto parsed = parse(query);
  REQUIRE(std::holds_alternative<std::string>(parsed));
  CHECK_FALSE(std::get<std::string>(parsed).empty());
}

TEST_CASE(
    "purge: a url is canonicalised as a client's would be, its environment becomes the scope's",
    "[daemon]") {
  const auto parsed = parse(
      "what=url&branch=main&url=https://cdn.contentstack.io/v3/content_types/blog/entries/"
      "%3Flimit%3D5%26environment%3Dproduction%26asc%3Da");
  REQUIRE(std::holds_alternative<PurgeOrder>(parsed));
  const auto& order = std::get<PurgeOrder>(parsed);
  CHECK(order.what == PurgeOrder::What::url);
  CHECK(order.path == "/v3/content_types/blog/entries");
  CHECK(order.query == "asc=a&limit=5");
  CHECK(order.environment == "production");
  CHECK(order.branch == "main");
}

TEST_CASE("purge: a scope takes any of its parts", "[daemon]") {
  const auto parsed = parse("what=scope&api_key=blt1&environment=a%20b");
  REQUIRE(std::holds_alternative<PurgeOrder>(parsed));
  CHECK(std::get<PurgeOrder>(parsed).api_key == "blt1");
  CHECK(std::get<PurgeOrder>(parsed).environment == "a b");
}

TEST_CASE("purge: what has changed, and where", "[daemon]") {
  using What = larder::ContentChange::What;
  const auto [query, what, content_type] = GENERATE(table<std::string, What, std::string>({
      {"what=entry&content_type=blog&uid=a%20b&branch=main", What::entry, "blog"},
      {"what=asset&uid=a%20b&branch=main", What::asset, ""},
      {"what=content_type&uid=a%20b&branch=main", What::content_type, ""},
      {"what=global_field&uid=a%20b&branch=main", What::global_field, ""},
      {"what=taxonomy&uid=a%20b&branch=main", What::taxonomy, ""},
  }));
  CAPTURE(query);
  const auto parsed = parse(query);
  REQUIRE(std::holds_alternative<PurgeOrder>(parsed));
  const auto& order = std::get<PurgeOrder>(parsed);
  const bool whole = what == What::global_field;  // entries of any type may show its fields
  CHECK(order.what == (whole ? PurgeOrder::What::scope : PurgeOrder::What::change));
  REQUIRE(order.changes.size() == 1);
  CHECK(order.changes[0].what == what);
  CHECK(order.changes[0].content_type == content_type);
  CHECK(order.changes[0].uid == "a b");
  CHECK(order.branch == "main");
  CHECK(order.api_key.empty());
}

TEST_CASE("purge: each form of a target means the same", "[daemon]") {
  const auto [json, query] = GENERATE(table<std::string, std::string>({
      {R"({"entry":"blog/a b"})", "what=entry&content_type=blog&uid=a%20b"},
      {R"({"tag":"entry:blog/a b"})", "entry=blog/a%20b"},
      {R"({"content_type":"blog"})", "what=content_type&uid=blog"},
      {R"({"tag":"content-type:blog"})", "content_type=blog"},
      {R"({"tag":"global-field:seo"})", "global_field=seo"},
      {R"({"asset":"a"})", "tag=asset:a"},
  }));
  CAPTURE(json);
  const auto by_json = larder::parse_purge_body(json, larder::Config{});
  const auto by_query = parse(query);
  REQUIRE(std::holds_alternative<PurgeOrder>(by_json));
  REQUIRE(std::holds_alternative<PurgeOrder>(by_query));
  const auto& one = std::get<PurgeOrder>(by_json).changes.at(0);
  const auto& other = std::get<PurgeOrder>(by_query).changes.at(0);
  CHECK(one.what == other.what);
  CHECK(one.content_type == other.content_type);
  CHECK(one.uid == other.uid);
}

TEST_CASE("purge: a body that is no order is refused, and the mistake is named", "[daemon]") {
  const auto [json, said] = GENERATE(table<std::string, std::string>({
      {"", "no JSON object"},
      {"[]", "no JSON object"},
      {"\"all\"", "no JSON object"},
      {R"({"all":true)", "no JSON object"},
      {R"({"all":true} x)", "no JSON object"},
      {"{}", "give one of"},
      {R"({"all":false})", "give one of"},
      {R"({"entri":"a/b"})", "\"entri\""},
      {R"({"entry":5})", "\"entry\""},
      {R"({"entry":null})", "\"entry\""},
      {R"({"entry":{"all":true}})", "\"entry\""},
      {R"({"entry":["a/b"]})", "\"entry\""},
      {R"({"entry":"a"})", "CONTENT_TYPE/UID"},
      {R"({"entry":"a/b/c"})", "CONTENT_TYPE/UID"},
      {R"({"all":"true"})", "\"all\""},
      {R"({"all":null})", "\"all\""},
      {R"({"asset":""})", "empty"},
      {R"({"asset":"a","asset":"b"})", "twice"},
      {R"({"asset":"a","url":"/v3/assets"})", "one thing at a time"},
      {R"({"tag":"page:x"})", "KIND:NAME"},
      {R"({"tag":"asset:"})", "KIND:NAME"},
      {R"({"path_prefix":"v3"})", "begins with /"},
      {R"({"path_prefix":"/v3?a=b"})", "no query"},
      {R"({"what":"all"})", "\"what\""},
      {R"({"all":true,"branch":"main"})", "takes no scope"},
  }));
  CAPTURE(json);
  const auto parsed = larder::parse_purge_body(json, larder::Config{});
  REQUIRE(std::holds_alternative<std::string>(parsed));
  CHECK(std::get<std::string>(parsed).find(said) != std::string::npos);
}

TEST_CASE("purge: it is counted unless the order says not to, and a dry run is a count") {
  const auto counts = [](const std::string& fields) {
    const auto parsed = larder::parse_purge_body("{" + fields + "}", larder::Config{});
    REQUIRE(std::holds_alternative<PurgeOrder>(parsed));
    return std::get<PurgeOrder>(parsed).counts;
  };
  CHECK(counts(R"("entry":"blog/blt1")"));
  CHECK(counts(R"("entry":"blog/blt1","no_count":false)"));
  CHECK_FALSE(counts(R"("entry":"blog/blt1","no_count":true)"));
  const auto both =
      larder::parse_purge_body(R"({"asset":"a","no_count":true,"dry_run":true})", larder::Config{});
  REQUIRE(std::holds_alternative<std::string>(both));
  CHECK(std::get<std::string>(both) == "a dry run counts: leave out dry_run or no_count");
}

TEST_CASE("purge: one that names a token is refused, for it would be logged and told") {
  const std::string token = "cs0123456789abcdef01234567";
  const std::string json = GENERATE(values<std::string>(
      {R"({"scope":true,"api_key":"@"})", R"({"scope":true,"environment":"x@"})",
       R"({"asset":"a","branch":"@"})", R"({"asset":"@"})", R"({"entry":"@/a"})",
       R"({"path_prefix":"/v3/@"})", R"({"url":"/v3/assets?query=%7B%22a%22:%22@%22%7D"})"}));
  CAPTURE(json);
  std::string with_token = json;
  with_token.replace(json.find('@'), 1, token);
  const auto refused = larder::parse_purge_body(with_token, larder::Config{});
  REQUIRE(std::holds_alternative<std::string>(refused));
  CHECK(std::get<std::string>(refused).find("is a token or has its shape") != std::string::npos);
  std::string with_uid = json;
  with_uid.replace(json.find('@'), 1, "cs0123456789abcdef");  // entries have such uids
  CHECK(std::holds_alternative<PurgeOrder>(larder::parse_purge_body(with_uid, larder::Config{})));
}

TEST_CASE("purge: a path is canonicalised, and takes whole segments", "[daemon]") {
  const auto parsed = larder::parse_purge_body(
      R"({"path_prefix":"https://cdn.contentstack.io/v3/content_types/%62log/","dry_run":true})",
      larder::Config{});
  REQUIRE(std::holds_alternative<PurgeOrder>(parsed));
  const auto& order = std::get<PurgeOrder>(parsed);
  CHECK(order.what == PurgeOrder::What::path);
  CHECK(order.path == "/v3/content_types/blog");
  CHECK(order.dry_run);
  CHECK(order.selects_url("/v3/content_types/blog", ""));
  CHECK(order.selects_url("/v3/content_types/blog/entries", "limit=1"));
  CHECK_FALSE(order.selects_url("/v3/content_types/blogs", ""));
  CHECK_FALSE(order.selects_url("/v3/content_types", ""));
}
