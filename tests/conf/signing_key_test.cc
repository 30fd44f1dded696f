// SPDX-License-Identifier: Apache-2.0
#include "conf/signing_key.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "conf/config_surroundings.h"

using namespace larder;
using Catch::Matchers::ContainsSubstring;

/// With keys of the openssl command line: tests/data/webhook/make_vectors.sh.
namespace {

std::string path_of(const std::string& name) {
  return std::filesystem::path(LARDER_SOURCE_DIR) / "tests" / "data" / "webhook" / name;
}

std::string content_of(const std::string& name) {
  std::ifstream file(path_of(name));
  REQUIRE(file);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace

TEST_CASE("signing key: both forms of a public key are read, and several in one text", "[conf]") {
  for (const char* name : {"public.pem", "public_pkcs1.pem"}) {
    CAPTURE(name);
    CHECK(SigningKey::parse(content_of(name))->size() == 1);
    std::string crlf;
    for (const char c : content_of(name)) crlf += c == '\n' ? "\r\n" : std::string(1, c);
    CHECK(SigningKey::parse(crlf)->size() == 1);
  }
  std::string json;
  for (const char c : content_of("public_pkcs1.pem")) json += c == '\n' ? "\\n" : std::string(1, c);
  CHECK(SigningKey::parse("{\"signing-key\":\"" + json + "\"}")->size() == 1);
  const auto both = SigningKey::parse("# the new one\n" + content_of("public.pem") +
                                      "and the old one\n" + content_of("other_public.pem"));
  CHECK(both->size() == 2);
}

TEST_CASE("signing key: what is none is said", "[conf]") {
  const std::string key = content_of("public.pem");
  std::string many;
  for (int i = 0; i < 9; ++i) many += key;
  struct Case {
    std::string name, pem, said;
  };
  const Case c = GENERATE_COPY(values<Case>({
      {"nothing", "", "no key"},
      {"cut", key.substr(0, key.size() / 2), "no key"},
      {"half of it is missing", key.substr(0, 100) + key.substr(key.size() - 60), "no RSA"},
      {"rubbish", "-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----\n", "no RSA"},
      {"another kind", content_of("curve_public.pem"), "no RSA"},
      {"short", content_of("short_public.pem"), "1024 bits"},
      {"private", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "private"},
      {"one is wrong", key + content_of("short_public.pem"), "1024 bits"},
      {"many", many, "more than 8"},
  }));
  DYNAMIC_SECTION(c.name) {
    const auto keys = SigningKey::parse(c.pem);
    REQUIRE_FALSE(keys);
    CHECK_THAT(keys.error().context, ContainsSubstring(c.said) && ContainsSubstring("; "));
  }
}

TEST_CASE("signing key: a configuration whose file holds no key is mistaken", "[conf]") {
  CHECK(check_public_key_file("").empty());
  CHECK(check_public_key_file(path_of("public_pkcs1.pem")).empty());
  for (const char* name : {"short_public.pem", "compact.json", "missing.pem"}) {
    CAPTURE(name);
    const auto mistakes = check_public_key_file(path_of(name));
    REQUIRE(mistakes.size() == 1);
    CHECK_THAT(mistakes[0].message,
               ContainsSubstring("webhook.public_key_file") && ContainsSubstring(name));
    CHECK_FALSE(mistakes[0].remedy.empty());
  }
}
