// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/webhook_signature.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace larder;

/// With signatures of the openssl command line: tests/data/webhook/make_vectors.sh.
namespace {

std::string content_of(const std::string& name) {
  std::ifstream file(std::filesystem::path(LARDER_SOURCE_DIR) / "tests" / "data" / "webhook" /
                     name);
  REQUIRE(file);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

std::vector<SigningKey> keys_of(const std::string& names) {
  std::string pem;
  std::istringstream list(names);
  for (std::string name; list >> name;) pem += content_of(name);
  return *SigningKey::parse(pem);
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

constexpr WallTime kMade{1'700'000'000'000};

}  // namespace

TEST_CASE("webhook signature: a genuine one passes, with either form of the key", "[daemon]") {
  struct Case {
    std::string name, keys, body, header;
  };
  const std::string signature = "v1=" + content_of("compact.sig");
  const Case c = GENERATE_COPY(values<Case>({
      {"PKCS#1", "public_pkcs1.pem", "compact.json", signature},
      {"SPKI", "public.pem", "compact.json", signature},
      {"the second key", "other_public.pem public.pem", "compact.json", signature},
      {"of the bytes, blanks too", "public.pem", "spaced.json", "v1=" + content_of("spaced.sig")},
      {"of the compact form", "public.pem", "spaced.json", signature},
      {"behind another", "public.pem", "compact.json",
       "v1=" + content_of("other.sig") + ", " + signature},
      {"behind another version", "public.pem", "compact.json", "v2=AAAA," + signature},
  }));
  DYNAMIC_SECTION(c.name) {
    CHECK(is_signed(c.header, content_of(c.body), keys_of(c.keys)));
  }
}

TEST_CASE("webhook signature: a forged one does not pass", "[daemon]") {
  const std::string body = content_of("compact.json");
  const std::string genuine = content_of("compact.sig");
  struct Case {
    std::string name, body, header;
  };
  const Case c = GENERATE_COPY(values<Case>({
      {"none", body, ""},
      {"empty", body, "v1="},
      {"bare", body, genuine},
      {"another version", body, "v2=" + genuine},
      {"no Base64", body, "v1=!" + genuine.substr(1)},
      {"cut", body, "v1=" + genuine.substr(0, 340)},
      {"a group more", body, "v1=" + genuine + "AAAA"},
      {"another byte", body,
       "v1=" + std::string(genuine[0] == 'A' ? "B" : "A") + genuine.substr(1)},
      {"another key", body, "v1=" + content_of("other.sig")},
      {"a shorter salt", body, "v1=" + content_of("salt20.sig")},
      {"SHA-1", body, "v1=" + content_of("sha1.sig")},
      {"PKCS#1 v1.5", body, "v1=" + content_of("pkcs1v15.sig")},
      {"another body", changed(body, "bltaaaa1111", "bltaaaa1112"), "v1=" + genuine},
      {"another stack", changed(body, "blt0123456789abcdef", "blt0123456789abcdee"),
       "v1=" + genuine},
      {"a blank in a text", changed(body, "\"blog\"", "\"blog \""), "v1=" + genuine},
      {"a body behind it", body + "{}", "v1=" + genuine},
      {"no body", "", "v1=" + genuine},
      {"too many", body, "v1=AAAA,v1=AAAA,v1=AAAA,v1=AAAA,v1=" + genuine},
  }));
  DYNAMIC_SECTION(c.name) {
    CHECK_FALSE(is_signed(c.header, c.body, keys_of("public.pem")));
  }
}

TEST_CASE("webhook signature: without a key nothing is signed", "[daemon]") {
  CHECK_FALSE(is_signed("v1=" + content_of("compact.sig"), content_of("compact.json"), {}));
}

TEST_CASE("webhook signature: the HMAC is right, wrong or out of time", "[daemon]") {
  const std::string digest = content_of("compact.hmac").substr(0, 64);
  std::string upper = digest;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const std::string wrong(64, '0');
  const std::string genuine = "t=1700000000,v1=" + digest;
  const std::string secret = "larder-hmac-secret";
  struct Case {
    std::string name, header;
    HmacVerdict verdict = HmacVerdict::right;
    std::int64_t later_s = 0;
    std::vector<std::string> secrets = {"larder-hmac-secret"};
  };
  constexpr auto kWrong = HmacVerdict::wrong;
  const Case c = GENERATE_COPY(values<Case>({
      {"genuine", genuine},
      {"in capitals", "t=1700000000,v1=" + upper},
      {"the other order, with blanks", "v1=" + digest + " , t=1700000000"},
      {"the second of two", "t=1700000000,v1=" + wrong + ",v1=" + digest},
      {"the first of two", "t=1700000000,v1=" + digest + ",v1=" + wrong},
      {"the new secret", genuine, HmacVerdict::right, 0, {"other", "larder-hmac-secret"}},
      {"the old secret", genuine, HmacVerdict::right, 0, {"larder-hmac-secret", "other"}},
      {"at the end of the window", genuine, HmacVerdict::right, 900},
      {"behind the window", genuine, HmacVerdict::out_of_time, 901},
      {"at its beginning", genuine, HmacVerdict::right, -900},
      {"before it", genuine, HmacVerdict::out_of_time, -901},
      {"another secret", genuine, kWrong, 0, {"other"}},
      {"no secret", genuine, kWrong, 0, {}},
      {"another time", "t=1700000001,v1=" + digest, kWrong},
      {"no time", "v1=" + digest, kWrong},
      {"two times", "t=1700000000,t=1700000000,v1=" + digest, kWrong},
      {"no number", "t=17e8,v1=" + digest, kWrong},
      {"below zero", "t=-1700000000,v1=" + digest, kWrong},
      {"no digest", "t=1700000000", kWrong},
      {"a short digest", "t=1700000000,v1=" + digest.substr(2), kWrong},
      {"a long digest", genuine + "00", kWrong},
      {"no hex", "t=1700000000,v1=g" + digest.substr(1), kWrong},
      {"too many",
       "t=1700000000,v1=" + wrong + ",v1=" + wrong + ",v1=" + wrong + ",v1=" + wrong +
           ",v1=" + digest,
       kWrong},
      {"nothing", "", kWrong},
  }));
  DYNAMIC_SECTION(c.name) {
    std::vector<Secret> secrets;
    for (const std::string& text : c.secrets) secrets.emplace_back(text);
    const WallTime now{kMade.ms + c.later_s * 1'000};
    CHECK(check_hmac(c.header, content_of("compact.json"), secrets, now, 900) == c.verdict);
  }
  std::vector<Secret> secrets;
  secrets.emplace_back(secret);
  CHECK(check_hmac(genuine, content_of("spaced.json"), secrets, kMade, 900) == kWrong);
}
