// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "conf/config_file.h"
#include "tests/conf/test_secrets.h"

using namespace larder;
using Catch::Matchers::ContainsSubstring;

namespace {

ParsedConfig parse(const std::string& text) {
  return parse_config(text, MapSecretSource{});
}

}  // namespace

TEST_CASE("config: tls is one certificate, or several", "[conf]") {
  const auto one = parse(
      "[[listener]]\naddress = \"127.0.0.1:1\"\n"
      "tls = { certificate = \"/a.pem\", key = \"/a.key\" }\n");
  REQUIRE(one.mistakes.empty());
  CHECK(one.config.listeners[0].tls == std::vector<TlsFiles>{{"/a.pem", "/a.key"}});
  const auto several = parse(
      "[[listener]]\naddress = \"127.0.0.1:1\"\ntls = [{ certificate = \"/a.pem\", key = "
      "\"/a.key\" }, { certificate = \"/b.pem\", key = \"/b.key\" }]\n");
  REQUIRE(several.mistakes.empty());
  CHECK(several.config.listeners[0].tls ==
        std::vector<TlsFiles>{{"/a.pem", "/a.key"}, {"/b.pem", "/b.key"}});
  CHECK(parse("").config.listeners[0].tls.empty());
}

TEST_CASE("config: a wrong tls is told with its line and a remedy", "[conf]") {
  struct Case {
    const char* what;
    const char* address;
    const char* tls;
    const char* expected;
  };
  const auto c = GENERATE(values<Case>({
      {"no key", "127.0.0.1:1", "{ certificate = \"/a.pem\" }",
       ":3: listener.tls has no key; write"},
      {"no certificate", "127.0.0.1:1", "[{ key = \"/a.key\" }]",
       "listener.tls has no certificate"},
      {"a relative path", "127.0.0.1:1", "{ certificate = \"a.pem\", key = \"/a.key\" }", ":3: "},
      {"a text", "127.0.0.1:1", "\"/a.pem\"", "listener.tls is not a list of sections"},
      {"an empty list", "127.0.0.1:1", "[]", "listener.tls is not a list of sections"},
      {"an unknown key", "127.0.0.1:1", "{ certificate = \"/a.pem\", key = \"/k\", cert = 1 }",
       "cert"},
      {"a unix socket", "unix:/run/x.sock", "{ certificate = \"/a.pem\", key = \"/a.key\" }",
       ":3: the unix socket unix:/run/x.sock has tls; remove it"},
  }));
  CAPTURE(c.what);
  const auto parsed =
      parse(std::string("[[listener]]\naddress = \"") + c.address + "\"\ntls = " + c.tls + "\n");
  CHECK_THAT(format_mistakes("f", parsed.mistakes), ContainsSubstring(c.expected));
}
