// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <map>
#include <random>

#include "tests/cache/request_builder.h"

using namespace larder;
using namespace larder::testing;

namespace {

Outcome delivered(const std::string& target,
                  const std::vector<std::pair<std::string, std::string>>& headers = {}) {
  Decoded scratch;
  auto builder = RequestBuilder::delivery(target);
  for (const auto& [name, value] : headers) builder.header(name, value);
  Outcome outcome = run(builder, Config{}, scratch);
  outcome.fields = {};  // its views end with the scratch
  REQUIRE(outcome.refusal.status == 0);
  return outcome;
}

std::string canonical_query(const std::string& query) {
  return delivered("/v3/assets?" + query).canonical.query;
}

}  // namespace

TEST_CASE("canonical query: one way of writing", "[cache]") {
  struct Case {
    const char* name;
    const char* query;
    const char* expected;
  };
  const auto c = GENERATE(values<Case>({
      {"empty", "", ""},
      {"empty pairs", "&&a=1&&b=2&", "a=1&b=2"},
      {"only empty pairs", "&&&", ""},
      {"sorted by name", "b=1&a=2", "a=2&b=1"},
      {"sorted by octets", "a_b=1&aB=2&a=3&a%5B%5D=4", "a=3&aB=2&a%5B%5D=4&a_b=1"},
      {"values of one name keep their order", "i=b&x=1&i=a&i=c", "i=b&i=a&i=c&x=1"},
      {"name without =", "a", "a="},
      {"name with =", "a=", "a="},
      {"value with =", "a=b=c", "a=b%3Dc"},
      {"only =", "=", "="},
      {"value without name", "=x", "=x"},
      {"blank as +", "a=b+c", "a=b%20c"},
      {"blank as %20", "a=b%20c", "a=b%20c"},
      {"plus", "a=b%2Bc", "a=b%2Bc"},
      {"hex in lower case", "a=%5b%c3%a9", "a=%5B%C3%A9"},
      {"unreserved octets escaped", "%61=%7E%2d%2E%5f%30", "a=~-._0"},
      {"reserved octets raw", "a=!$'()*,:@/?[]\"{};",
       "a=%21%24%27%28%29%2A%2C%3A%40%2F%3F%5B%5D%22%7B%7D%3B"},
      {"; is data", "a=1;b=2", "a=1%3Bb%3D2"},
      {"encoded & is data", "a=1%26b=2", "a=1%26b%3D2"},
      {"encoded = in a name", "a%3Db=1", "a%3Db=1"},
      {"double encoding stays", "a=a%2520b", "a=a%2520b"},
      {"brackets are not folded", "i[]=1&i[][]=2&i[0]=3", "i%5B0%5D=3&i%5B%5D=1&i%5B%5D%5B%5D=2"},
      {"an appended second query", "sync_token=x?environment=e&limit=1",
       "limit=1&sync_token=x%3Fenvironment%3De"},
      {"environment leaves", "a=1&environment=e&b=2", "a=1&b=2"},
      {"environment leaves, encoded", "a=1&%65nvironment=e", "a=1"},
      {"branch leaves", "branch=dev&a=1", "a=1"},
      {"credentials leave",
       "api_key=blt0123456789abcdef&access_token=cs0123456789abcdef01234567&preview_token=p&a=1",
       "a=1"},
      {"management_token leaves", "management_token=x&Management-Token=y&a=1", "a=1"},
      {"empty preview selectors leave", "live_preview=&release_id=&preview_timestamp&a=1", "a=1"},
      {"init leaves", "live_preview=init&a=1", "a=1"},
      {"a timeline's selector stays", "release_id=r&a=1", "a=1&release_id=r"},
      {"an init of sync stays", "init=true", "init=true"},
  }));
  DYNAMIC_SECTION(c.name) {
    CHECK(canonical_query(c.query) == c.expected);
    CHECK(canonical_query(c.expected) == c.expected);
  }
}

TEST_CASE("canonical query: the parameter `query` as JSON", "[cache]") {
  struct Case {
    const char* name;
    const char* query;
    const char* expected;  ///< "" = as compact()
  };
  const std::string compact = "query=%7B%22url%22%3A%22%2Fhome%22%7D";
  const auto c = GENERATE(values<Case>({
      {"compact", "query=%7B%22url%22%3A%22%2Fhome%22%7D", ""},
      {"raw braces and quotes", "query={\"url\":\"/home\"}", ""},
      {"blanks as +", "query=%7B%22url%22%3A+%22%2Fhome%22%7D", ""},
      {"blanks as %20", "query=%7B%22url%22:%20%22%2Fhome%22%7D", ""},
      {"pretty printed", "query=%7B%0A%20%20%22url%22%20:%20%22/home%22%0D%0A%7D%09", ""},
      {"escaped slash", "query=%7B%22url%22%3A%22%5C%2Fhome%22%7D", ""},
      {"escaped letters", "query=%7B%22%5Cu0075rl%22%3A%22%5Cu002Fhome%22%7D", ""},
      {"not JSON", "query=author", "query=author"},
      {"not JSON, with blanks", "query=%7B%20%22url%22", "query=%7B%20%22url%22"},
      {"other parameters are text", "typeahead=%7B%20%7D", "typeahead=%7B%20%7D"},
      {"names in other cases are text", "Query=%7B%20%7D", "Query=%7B%20%7D"},
      {"an encoded name", "%71uery=%7B%20%7D", "query=%7B%7D"},
      {"twice", "query=%5B1%20%5D&query=%5B%202%5D", "query=%5B1%5D&query=%5B2%5D"},
      {"order of keys stays", "query=%7B%22b%22:1,%22a%22:1%7D",
       "query=%7B%22b%22%3A1%2C%22a%22%3A1%7D"},
  }));
  DYNAMIC_SECTION(c.name) {
    const std::string expected = *c.expected == '\0' ? compact : c.expected;
    CHECK(canonical_query(c.query) == expected);
    CHECK(canonical_query(expected) == expected);
  }
}

TEST_CASE("canonical path: one way of writing", "[cache]") {
  struct Case {
    const char* path;
    const char* expected;
  };
  const auto c = GENERATE(values<Case>({
      {"/v3/assets", "/v3/assets"},
      {"/v3/assets/", "/v3/assets"},
      {"/v3/%61ssets", "/v3/assets"},
      {"/v3/assets/%7Eblt", "/v3/assets/~blt"},
      {"/v3/assets/caf%c3%a9", "/v3/assets/caf%C3%A9"},
      {"/v3/assets/a+b", "/v3/assets/a+b"},
      {"/v3/assets/a%20b", "/v3/assets/a%20b"},
      {"/v3/assets/a%2525", "/v3/assets/a%2525"},
      {"/v3/", "/v3"},
  }));
  CAPTURE(c.path);
  CHECK(delivered(c.path).canonical.path == c.expected);
  CHECK(delivered(c.expected).canonical.path == c.expected);
}

TEST_CASE("canonical request: the same question in the spelling of eight libraries", "[cache]") {
  const std::string entries = "/v3/content_types/blog/entries";
  const auto bytes = [&](const std::string& target) { return delivered(target).bytes; };
  const std::string js3 = bytes(entries +
                                "/?query=%7B%22url%22%3A%22%2Fhome+page%22%7D&include%5B%5D=author&"
                                "limit=5&environment=production");
  const std::string python = bytes(entries +
                                   "?limit=5&include%5B%5D=author&query=%7B%22url%22%3A+%22%2Fhome+"
                                   "page%22%7D&environment=production");
  const std::string java = bytes(entries +
                                 "?environment=production&limit=5&include%5B%5D=author&query=%7B%"
                                 "22url%22%3A%22%2Fhome+page%22%7D");
  const std::string ruby = bytes(entries +
                                 "?environment=production&include%5B%5D=author&limit=5&query=%7B%"
                                 "22url%22%3A%22%2Fhome+page%22%7D");
  const std::string swift =
      bytes(entries +
            "?query=%7B%0A%20%20%22url%22%20:%20%22%5C/"
            "home%20page%22%0A%7D&include%5B%5D=author&limit=5&environment=production");
  const std::string old_js = bytes(entries +
                                   "/?query=%7B%22url%22%3A%22%2Fhome%20page%22%7D&include[]="
                                   "author&limit=5&environment=production");
  const std::string typescript_long = bytes(entries +
                                            "?&query=%7B%22url%22%3A%22%2Fhome%20page%22%7D&"
                                            "include%5B%5D=author&limit=5&environment=production");
  CHECK(js3 == python);
  CHECK(js3 == java);
  CHECK(js3 == ruby);
  CHECK(js3 == swift);
  CHECK(js3 == old_js);
  CHECK(js3 == typescript_long);

  // Spellings whose equality the API does not promise stay apart.
  const std::string typescript = bytes(entries +
                                       "?environment=production&limit=5&include%5B%5D%5B%5D=author&"
                                       "query=%7B%22url%22%3A%22%2Fhome%20page%22%7D");
  const std::string php = bytes(entries +
                                "/?include%5B0%5D=author&limit=5&environment=production&query=%7B%"
                                "22url%22%3A%22%5C%2Fhome+page%22%7D");
  const std::string net = bytes(
      entries + "?environment=production&query={\"url\":\"/home%20page\"}&include=author&limit=5");
  const std::string net_boolean = bytes(entries + "?include_owner=True");
  const std::string js3_boolean = bytes(entries + "?include_owner=true");
  CHECK(js3 != typescript);
  CHECK(js3 != php);
  CHECK(js3 != net);
  CHECK(php != typescript);
  CHECK(net_boolean != js3_boolean);
}

TEST_CASE("canonical request: what changes the answer changes the bytes", "[cache]") {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  const Outcome base = delivered("/v3/assets?limit=1");
  struct Case {
    const char* name;
    std::string target;
    Headers headers;
    bool url_part;
  };
  const auto c = GENERATE(values<Case>({
      {"path", "/v3/assets/blt1?limit=1", {}, true},
      {"query", "/v3/assets?limit=2", {}, true},
      {"locale", "/v3/assets?limit=1&locale=fr", {}, true},
      {"variants", "/v3/assets?limit=1", {{"x-cs-variant-uid", "a"}}, false},
      {"early access", "/v3/assets?limit=1", {{"x-header-ea", "a"}}, false},
      {"gzip", "/v3/assets?limit=1", {{"Accept-Encoding", "gzip"}}, false},
  }));
  DYNAMIC_SECTION(c.name) {
    const Outcome other = delivered(c.target, c.headers);
    CHECK(other.bytes != base.bytes);
    const bool url_differs =
        other.bytes.substr(0, other.url_length) != base.bytes.substr(0, base.url_length);
    CHECK(url_differs == c.url_part);
  }
}

TEST_CASE("canonical request: what does not change the answer is left out", "[cache]") {
  const std::string base = delivered("/v3/assets?limit=1").bytes;
  const std::string name =
      GENERATE("Cookie", "Range", "Accept-Language", "X-Forwarded-Host", "X-HTTP-Method-Override",
               "X-Original-URL", "Forwarded", "User-Agent", "X-User-Agent", "If-None-Match",
               "Cache-Control", "Content-Type", "preview_token", "environment", "branch");
  CAPTURE(name);
  CHECK(delivered("/v3/assets?limit=1", {{name, "anything"}}).bytes == base);
}

TEST_CASE("canonical request: lists of variants and of early access", "[cache]") {
  struct Case {
    const char* sent;
    const char* variants;
    const char* early_access;
  };
  const auto c = GENERATE(values<Case>({
      {"", "", ""},
      {"b", "b", "b"},
      {"b,a", "b,a", "a,b"},
      {" b ,\ta ", "b,a", "a,b"},
      {"b, c,a", "b,c,a", "a,b,c"},
      {"a b, c", "a b,c", "a b,c"},
      {",a", ",a", ",a"},
      {"a,,b", "a,,b", ",a,b"},
  }));
  CAPTURE(c.sent);
  const Outcome outcome =
      delivered("/v3/assets", {{"x-cs-variant-uid", c.sent}, {"x-header-ea", c.sent}});
  CHECK(outcome.canonical.variants == c.variants);
  CHECK(outcome.canonical.early_access == c.early_access);
}

TEST_CASE("canonical request: a sync continuation says environment only if its client did",
          "[cache]") {
  struct Case {
    const char* target;
    const char* environment_field;
    bool expected;
  };
  const auto c = GENERATE(values<Case>({
      {"/v3/stacks/sync?init=true", "", true},
      {"/v3/stacks/sync?sync_token=x", "", false},
      {"/v3/stacks/sync?pagination_token=x", "", false},
      {"/v3/stacks/sync?sync%5Ftoken=x", "", false},
      {"/v3/stacks/sync?sync_token=", "", true},
      {"/v3/stacks/sync?sync_token=x&environment=e", "", true},
      {"/v3/stacks/sync?sync_token=x", "e", true},
      {"/v3/assets?sync_token=x", "", true},
  }));
  CAPTURE(c.target, c.environment_field);
  const Outcome outcome = delivered(c.target, {{"environment", c.environment_field}});
  CHECK(outcome.canonical.send_environment == c.expected);
}

TEST_CASE("canonical request: forwarded fields", "[cache]") {
  Decoded scratch;
  auto builder = RequestBuilder::delivery("/v3/assets");
  builder.header("X-B", "2")
      .header("x-a", "1")
      .header("x-c", "3")
      .header("x-b", "4")
      .header("cookie", "c");
  builder.header("preview_token", kPreviewToken);
  const auto forwarded = [&](const std::vector<std::string>& names) {
    return run(builder, Config{}, scratch, names).canonical.forwarded;
  };
  CHECK(forwarded({}).empty());
  CHECK(forwarded({"x-none"}).empty());
  CHECK(forwarded({"x-b", "x-a"}) == "x-a: 1\r\nx-b: 2\r\nx-b: 4\r\n");
  CHECK(forwarded({"x-a", "x-a"}) == "x-a: 1\r\n");
  CHECK(forwarded({"access_token", "preview_token", "api-key", "authorization"}).empty());
}

TEST_CASE("canonical bytes: no component can pose as another", "[cache]") {
  const std::vector<std::string> hostile = {"",
                                            "a",
                                            "/",
                                            "?",
                                            "&",
                                            "=",
                                            ",",
                                            "\r\n",
                                            "a: b",
                                            "\x01",
                                            "\xff",
                                            "a=b&c=d",
                                            "i",
                                            "ie",
                                            std::string("\0\0\0\0", 4),
                                            std::string("\1\0\0\0a", 5),
                                            "a: b\r\nc: d\r\n"};
  std::map<std::string, std::vector<std::string>> seen;
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    CanonicalRequest request;
    std::vector<std::string> shadow;
    for (std::string* component : {&request.path, &request.query, &request.variants,
                                   &request.early_access, &request.forwarded}) {
      for (unsigned pieces = random() % 3; pieces > 0; --pieces)
        *component += hostile[random() % hostile.size()];
      shadow.push_back(*component);
    }
    request.representation = random() % 2 ? Representation::gzip : Representation::identity;
    request.send_environment = random() % 2;
    shadow.push_back(request.representation == Representation::gzip ? "gzip" : "identity");
    shadow.push_back(request.send_environment ? "yes" : "no");
    std::string bytes;
    const std::size_t url_length = write_canonical_bytes(request, bytes);
    REQUIRE(url_length == 8 + request.path.size() + request.query.size());
    const auto [at, fresh] = seen.emplace(bytes, shadow);
    REQUIRE(at->second == shadow);
    CanonicalRequest back;
    REQUIRE(read_canonical_bytes(bytes, back));
    std::string again;
    REQUIRE(write_canonical_bytes(back, again) == url_length);
    REQUIRE(again == bytes);
    REQUIRE_FALSE(read_canonical_bytes(bytes.substr(0, random() % bytes.size()), back));
  }
}

TEST_CASE("canonical query: two queries share a form only when they mean the same", "[cache]") {
  // What a query means, read by a second implementation: decoded pairs, sorted by name.
  const auto meaning = [](const std::string& query) {
    std::vector<std::pair<std::string, std::string>> pairs;
    std::string name, value;
    bool in_value = false, any = false;
    const auto flush = [&] {
      if (any) pairs.emplace_back(name, value);
      name.clear();
      value.clear();
      in_value = any = false;
    };
    for (std::size_t i = 0; i <= query.size(); ++i) {
      if (i == query.size() || query[i] == '&') {
        flush();
        continue;
      }
      any = true;
      char c = query[i];
      if (c == '=' && !in_value) {
        in_value = true;
        continue;
      }
      if (c == '+') c = ' ';
      if (c == '%') {
        c = static_cast<char>(std::stoi(query.substr(i + 1, 2), nullptr, 16));
        i += 2;
      }
      (in_value ? value : name).push_back(c);
    }
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    return pairs;
  };
  const std::vector<std::string> pieces = {"a",   "b",   "=",   "=",      "&",   "&",   "+",
                                           "%20", "%2B", "%26", "%3D",    "%25", "%61", ";",
                                           "[",   "]",   "%5b", "%C3%A9", "~",   "{"};
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> seen;
  std::mt19937 random(11);
  for (int round = 0; round < 20'000; ++round) {
    std::string query;
    for (unsigned n = random() % 8; n > 0; --n) query += pieces[random() % pieces.size()];
    CAPTURE(query);
    const std::string canonical = canonical_query(query);
    REQUIRE(meaning(canonical) == meaning(query));
    REQUIRE(canonical_query(canonical) == canonical);
    const auto [at, fresh] = seen.emplace(canonical, meaning(query));
    REQUIRE(at->second == meaning(query));
  }
}

TEST_CASE("canonical bytes: a token never appears, wherever it was sent", "[cache]") {
  const std::string token = "csfeedfacefeedfacefeedface";
  const std::vector<std::string> names = {"access_token",   "preview_token",    "authtoken",
                                          "authorization",  "management_token", "api_key",
                                          "Access-Token",   "%61ccess_token",   "ACCESS_TOKEN",
                                          "access%5ftoken", "preview%2dtoken",  "Authorization"};
  Config config;
  config.preview.allow_authorization = true;
  std::mt19937 random(13);
  int judged = 0;
  for (int round = 0; round < 5'000; ++round) {
    std::string query = "limit=1";
    RequestBuilder builder("");
    std::vector<std::pair<std::string, std::string>> headers;
    for (unsigned n = 1 + random() % 4; n > 0; --n) {
      const std::string& name = names[random() % names.size()];
      if (random() % 2 == 0) {
        query += "&" + name + "=" + (random() % 2 ? token : "%63" + token.substr(1));
      } else if (name.find('%') == std::string::npos) {
        headers.emplace_back(name, token);
      }
    }
    builder = RequestBuilder("/v3/assets?" + query);
    builder.header("api_key", kApiKey);
    if (random() % 2) builder.header("access_token", kToken);
    for (const auto& [name, value] : headers) builder.header(name, value);
    Decoded scratch;
    const Outcome outcome = run(builder, config, scratch, {"authorization", "access-token", "x-y"});
    CAPTURE(query, outcome.canonical.query);
    CHECK(outcome.bytes.find(token.substr(2)) == std::string::npos);
    CHECK(outcome.bytes.find(kToken.substr(2)) == std::string::npos);
    judged += !outcome.bytes.empty();
  }
  CHECK(judged > 500);
}
