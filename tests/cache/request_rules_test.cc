// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <functional>

#include "tests/cache/request_builder.h"

using namespace larder;
using namespace larder::testing;

namespace {

constexpr const char* kTarget = "/v3/assets?environment=e";

struct Case {
  const char* name;
  std::function<void(RequestBuilder&)> change;
  int status;  ///< 0 = accepted
  bool close = true;
};

Outcome outcome_of(RequestBuilder& builder) {
  Decoded scratch;
  Config config;
  config.server.instance_id = "this";
  return run(builder, config, scratch);
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}

}  // namespace

TEST_CASE("request rules: method, version, Host, body and size", "[cache]") {
  const auto c = GENERATE(values<Case>({
      {"a plain request", [](auto&) {}, 0},
      {"HTTP/1.0", [](auto& r) { r.version(1, 0); }, 0},
      {"HTTP/1.0 without Host", [](auto& r) { r.version(1, 0).without("Host"); }, 0},
      {"HTTP/0.9", [](auto& r) { r.version(0, 9); }, 505},
      {"HTTP/2.0", [](auto& r) { r.version(2, 0); }, 505},
      {"HTTP/1.2", [](auto& r) { r.version(1, 2); }, 505},
      {"HEAD", [](auto& r) { r.method(Method::head); }, 0},
      {"OPTIONS", [](auto& r) { r.method(Method::options); }, 0},
      {"another method", [](auto& r) { r.method(Method::other); }, 405},
      {"no Host", [](auto& r) { r.without("Host"); }, 400},
      {"two Hosts, equal", [](auto& r) { r.header("Host", "cache.test"); }, 400},
      {"two Hosts in HTTP/1.0", [](auto& r) { r.version(1, 0).header("host", "x"); }, 400},
      {"empty Host", [](auto& r) { r.without("Host").header("Host", ""); }, 400},
      {"Host with user", [](auto& r) { r.without("Host").header("Host", "u@h"); }, 400},
      {"Host with slash", [](auto& r) { r.without("Host").header("Host", "h/x"); }, 400},
      {"Host with comma", [](auto& r) { r.without("Host").header("Host", "h,i"); }, 400},
      {"Host with blank", [](auto& r) { r.without("Host").header("Host", "h i"); }, 400},
      {"Host with escape", [](auto& r) { r.without("Host").header("Host", "h%40"); }, 400},
      {"Host with quote", [](auto& r) { r.without("Host").header("Host", "h\"x"); }, 400},
      {"Host with high octet", [](auto& r) { r.without("Host").header("Host", "h\xc3\xa9"); }, 400},
      {"Host with port", [](auto& r) { r.without("Host").header("Host", "h:8080"); }, 0},
      {"Host with port only", [](auto& r) { r.without("Host").header("Host", ":80"); }, 400},
      {"Host with bad port", [](auto& r) { r.without("Host").header("Host", "h:8x"); }, 400},
      {"Host with port too large", [](auto& r) { r.without("Host").header("Host", "h:65536"); }, 400},
      {"Host is IPv4", [](auto& r) { r.without("Host").header("Host", "127.0.0.1:80"); }, 0},
      {"Host is IPv6", [](auto& r) { r.without("Host").header("Host", "[::1]:80"); }, 0},
      {"Host is IPv6, open", [](auto& r) { r.without("Host").header("Host", "[::1"); }, 400},
      {"Host is IPv6, tailed", [](auto& r) { r.without("Host").header("Host", "[::1]x"); }, 400},
      {"Host in brackets, no address", [](auto& r) { r.without("Host").header("Host", "[g]"); }, 400},
      {"chunked", [](auto& r) { r.header("Transfer-Encoding", "chunked"); }, 400},
      {"empty Transfer-Encoding", [](auto& r) { r.header("transfer-encoding", ""); }, 400},
      {"Transfer_Encoding", [](auto& r) { r.header("Transfer_Encoding", "chunked"); }, 400},
      {"Content-Length 0", [](auto& r) { r.header("Content-Length", "0"); }, 0},
      {"Content-Length 5", [](auto& r) { r.header("Content-Length", "5"); }, 400},
      {"another method with a body",
       [](auto& r) { r.method(Method::other).header("Content-Length", "5"); }, 405},
      {"another method, chunked",
       [](auto& r) { r.method(Method::other).header("Transfer-Encoding", "chunked"); }, 405},
      {"another method that expects",
       [](auto& r) { r.method(Method::other).header("Expect", "100-continue"); }, 405},
      {"Content-Length huge",
       [](auto& r) { r.header("Content-Length", "18446744073709551616"); }, 400},
      {"Content-Length 00", [](auto& r) { r.header("Content-Length", "00"); }, 400},
      {"Content-Length +0", [](auto& r) { r.header("Content-Length", "+0"); }, 400},
      {"Content-Length empty", [](auto& r) { r.header("Content-Length", ""); }, 400},
      {"Content-Length 0, 0", [](auto& r) { r.header("Content-Length", "0, 0"); }, 400},
      {"Content-Length twice",
       [](auto& r) { r.header("Content-Length", "0").header("Content-Length", "0"); }, 400},
      {"Content-Length and Transfer-Encoding",
       [](auto& r) { r.header("Content-Length", "0").header("Transfer-Encoding", "x"); }, 400},
      {"Expect", [](auto& r) { r.header("Expect", "100-continue"); }, 417},
      {"Expect, empty", [](auto& r) { r.header("Expect", ""); }, 417},
      {"Upgrade is ignored",
       [](auto& r) { r.header("Upgrade", "h2c").header("Connection", "Upgrade"); }, 0},
      {"64 fields", [](auto& r) { for (int i = 0; i < 61; ++i) r.header("x", "y"); }, 0},
      {"65 fields", [](auto& r) { for (int i = 0; i < 62; ++i) r.header("x", "y"); }, 431},
      {"a cookie of 9 KiB", [](auto& r) { r.header("Cookie", std::string(9'216, 'y')); }, 0},
      {"a cookie as long as the bound lets it",
       [](auto& r) { r.header("Cookie", std::string(16'200, 'y')); }, 0},
      {"a field that is read, of 8 KiB",
       [](auto& r) { r.header("Accept-Encoding", std::string(8'173, 'y')); }, 0},
      {"a field that is read, above 8 KiB",
       [](auto& r) { r.header("Accept-Encoding", std::string(8'174, 'y')); }, 431},
      {"a block above 16 KiB",
       [](auto& r) { for (int i = 0; i < 3; ++i) r.header("x", std::string(6000, 'y')); }, 431},
      {"the names of Ruby's library",
       [](auto& r) { r.header("user_agent", "ruby-sdk/0.9.2").header("read_timeout", "3"); }, 0},
      {"the User-Agent of Python's library",
       [](auto& r) { r.header("User-Agent", "{'sdk': {'name': \"x\"}, 'os': {}}"); }, 0},
      {"a loop", [](auto& r) { r.header("CDN-Loop", "larder-this"); }, 508, false},
      {"a loop, further back",
       [](auto& r) { r.header("CDN-Loop", "fastly; v=1").header("cdn-loop", "a, larder-this;v=1"); },
       508, false},
      {"another's CDN-Loop", [](auto& r) { r.header("CDN-Loop", "larder2, notlarder"); }, 0},
      {"another larder", [](auto& r) { r.header("CDN-Loop", "larder, larder-this2, larder-"); }, 0},
      {"8 other larders", [](auto& r) { r.header("CDN-Loop", "larder-a" + repeated(", larder-b", 7)); }, 0},
      {"9 other larders",
       [](auto& r) {
         r.header("CDN-Loop", "larder-a").header("CDN-Loop", "larder-a" + repeated(", larder-b", 7));
       },
       508, false},
  }));
  DYNAMIC_SECTION(c.name) {
    auto builder = RequestBuilder::delivery(kTarget);
    c.change(builder);
    const Outcome outcome = outcome_of(builder);
    CAPTURE(outcome.refusal.cause);
    CHECK(outcome.refusal.status == c.status);
    if (c.status != 0) CHECK(outcome.refusal.close == c.close);
  }
}

TEST_CASE("request rules: the form of the target", "[cache]") {
  struct Target {
    std::string target;
    int status;
  };
  const auto c = GENERATE(values<Target>({
      {"/v3/assets", 0},
      {"/v3/assets/", 0},
      {"/v3/assets?", 0},
      {"/v3/assets??a=b", 0},
      {"", 400},
      {"*", 400},
      {"v3/assets", 400},
      {"?x", 400},
      {"cache.test:80", 400},
      {"http://cache.test/v3/assets", 0},
      {"HTTPS://CACHE.test/v3/assets", 0},
      {"http://cache.test", 404},
      {"http://cache.test?x=1", 404},
      {"http://other.test/v3/assets", 400},
      {"http://cache.test:80/v3/assets", 400},
      {"http://u@cache.test/v3/assets", 400},
      {"http:///v3/assets", 400},
      {"ftp://cache.test/v3/assets", 400},
      {"/v3/assets#x", 400},
      {"/v3/assets?a#x", 400},
      {"http://cache.test#x", 400},
      {"/v3/a b", 400},
      {"/v3/a\tb", 400},
      {"/v3/a\x7f", 400},
      {"/v3/a\xc3\xa9", 400},
      {"/v3/a?b\xc3\xa9", 400},
      {"/v3/a?b c", 400},
      {"/v3/a\"", 400},
      {"/v3/a<", 400},
      {"/v3/a>", 400},
      {"/v3/a\\b", 400},
      {"/v3/a^", 400},
      {"/v3/a`", 400},
      {"/v3/a{", 400},
      {"/v3/a}", 400},
      {"/v3/a|b", 400},
      {"/v3/assets?q=<", 400},
      {"/v3/assets?q=>", 400},
      {"/v3/assets?q=\\", 0},
      {"/v3/assets?q=^", 0},
      {"/v3/assets?q=`", 0},
      {"/v3/assets?q=|", 0},
      {"/v3/assets?q=caf\xc3\xa9", 400},
      {"/v3/assets?query={\"url\":\"/home\"}", 0},
      {"/v3/assets?include[]=author", 0},
      {"/v3/assets[0]", 0},
      {"/v3/assets?a;b=c", 0},
      {"/v3/a%", 400},
      {"/v3/a%4", 400},
      {"/v3/a%4g", 400},
      {"/v3/assets?a=%", 400},
      {"/v3/assets?a=%4", 400},
      {"/v3/assets?a=%zz", 400},
      {"/v3/assets?%=a", 400},
      {"/v3/a%00", 400},
      {"/v3/a%0a", 400},
      {"/v3/a%0D", 400},
      {"/v3/a%1f", 400},
      {"/v3/a%7F", 400},
      {"/v3/a%2fb", 400},
      {"/v3/a%5Cb", 400},
      {"/v3/assets?a=%00", 400},
      {"/v3/assets?query=%7B%0A%7D%0D", 0},
      {"/v3/assets?url=%2Fa%5Cb", 0},
      {"/v3/assets?url=http://x//y/../z", 0},
      {"//v3/assets", 400},
      {"/v3//assets", 400},
      {"/v3/assets//", 400},
      {"/v3/./assets", 400},
      {"/v3/assets/.", 400},
      {"/v3/../assets", 400},
      {"/v3/assets/..", 400},
      {"/v3/%2e%2E/assets", 400},
      {"/v3/.%2e", 400},
      {"/v3/%2e/", 400},
      {"/v3/assets/...", 0},
      {"/v3/assets/.a", 0},
      {"/v3/assets/a..b", 0},
      {"/v3/assets/caf%C3%A9", 0},
  }));
  CAPTURE(c.target);
  auto builder = RequestBuilder::delivery(c.target);
  const Outcome outcome = outcome_of(builder);
  CAPTURE(outcome.refusal.cause);
  CHECK(outcome.refusal.status == c.status);
}

TEST_CASE("request rules: the target may be as long as configured", "[cache]") {
  const std::string start = "/v3/assets?query=";
  const Bytes limit = Config{}.server.max_target_bytes;
  auto longest = RequestBuilder::delivery(start + std::string(limit - start.size(), 'x'));
  CHECK(outcome_of(longest).refusal.status == 0);
  auto longer = RequestBuilder::delivery(start + std::string(limit - start.size() + 1, 'x'));
  CHECK(outcome_of(longer).refusal.status == 414);
  CHECK(outcome_of(longer).refusal.close);
}
