// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/webhook_proof.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "daemon/events/base64.h"

using namespace larder;

namespace {

std::string content_of(const std::string& name) {
  std::ifstream file(std::filesystem::path(LARDER_SOURCE_DIR) / "tests" / "data" / "webhook" /
                     name);
  REQUIRE(file);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

constexpr WallTime kMade{1'700'000'000'000};

/// Everything is required. `user:secret` is `dXNlcjpzZWNyZXQ=`.
WebhookConfig all_locks() {
  WebhookConfig config;
  config.public_key_file = "/key";
  config.hmac_secrets.emplace_back("larder-hmac-secret");
  config.basic_auth = Secret("user:secret");
  config.secret_header = "X-Larder";
  config.secret_header_values.emplace_back("one");
  config.secret_header_values.emplace_back("two");
  return config;
}

}  // namespace

TEST_CASE("webhook proof: every proof that is required must be there, once and right", "[daemon]") {
  // Static: the rows of the table are made once and hold views.
  static const std::string signature = "v1=" + content_of("compact.sig");
  static const std::string hmac = "t=1700000000,v1=" + content_of("compact.hmac").substr(0, 64);
  const std::vector<HeaderView> genuine = {{"Authorization", "Basic dXNlcjpzZWNyZXQ="},
                                           {"x-larder", "two"},
                                           {"X-Contentstack-HMAC-Signature", hmac},
                                           {"X-Contentstack-Request-Signature", signature}};
  const auto with = [&](std::size_t index, std::string_view value) {
    auto headers = genuine;
    headers[index].value = value;
    return headers;
  };
  const auto without = [&](std::size_t index) {
    auto headers = genuine;
    headers.erase(headers.begin() + static_cast<std::ptrdiff_t>(index));
    return headers;
  };
  const auto twice = [&](std::size_t index) {
    auto headers = genuine;
    headers.push_back(genuine[index]);
    return headers;
  };
  struct Case {
    std::string name;
    std::vector<HeaderView> headers;
    std::optional<Unproven> unproven = std::nullopt;
  };
  const Case c = GENERATE_COPY(values<Case>({
      {"all of them", genuine},
      {"another case of the scheme", with(0, "basic  dXNlcjpzZWNyZXQ=")},
      {"the other value", with(1, "one")},
      {"no login", without(0), Unproven::basic_auth},
      {"login twice", twice(0), Unproven::basic_auth},
      {"another scheme", with(0, "Bearer dXNlcjpzZWNyZXQ="), Unproven::basic_auth},
      {"another password", with(0, "Basic dXNlcjpzZWNyZXU="), Unproven::basic_auth},
      {"no Base64", with(0, "Basic user:secret"), Unproven::basic_auth},
      {"nothing behind the scheme", with(0, "Basic"), Unproven::basic_auth},
      {"no secret header", without(1), Unproven::secret_header},
      {"secret header twice", twice(1), Unproven::secret_header},
      {"another value", with(1, "three"), Unproven::secret_header},
      {"a longer value", with(1, "twoo"), Unproven::secret_header},
      {"an empty value", with(1, ""), Unproven::secret_header},
      {"no HMAC", without(2), Unproven::hmac},
      {"HMAC twice", twice(2), Unproven::hmac},
      {"no signature", without(3), Unproven::signature},
      {"signature twice", twice(3), Unproven::signature},
      {"another signature", with(3, "v1=AAAA"), Unproven::signature},
      {"nothing", {}, Unproven::basic_auth},
  }));
  const auto keys = *SigningKey::parse(content_of("public.pem"));
  DYNAMIC_SECTION(c.name) {
    CHECK(find_unproven(all_locks(), keys, c.headers, content_of("compact.json"), kMade) ==
          c.unproven);
  }
  const WallTime late{kMade.ms + 3'601'000};
  CHECK(find_unproven(all_locks(), keys, genuine, content_of("compact.json"), late) ==
        Unproven::hmac_time);
  CHECK(find_unproven(all_locks(), {}, genuine, content_of("compact.json"), kMade) ==
        Unproven::signature);
}

TEST_CASE("webhook proof: without anything required nothing passes, unless that is allowed",
          "[daemon]") {
  WebhookConfig config;
  CHECK(find_unproven(config, {}, {}, "{}", kMade) == Unproven::nothing_required);
  config.allow_unverified = true;
  CHECK_FALSE(find_unproven(config, {}, {}, "{}", kMade));
}

TEST_CASE("base64: whole groups, and nothing else", "[daemon]") {
  CHECK(decode_base64("") == "");
  CHECK(decode_base64("Zg==") == "f");
  CHECK(decode_base64("Zm8=") == "fo");
  CHECK(decode_base64("Zm9v") == "foo");
  CHECK(decode_base64("Zm9vYmFy") == "foobar");
  CHECK(decode_base64("+/+/") == "\xfb\xff\xbf");
  for (const char* wrong : {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Zh==", "Zm9=", "Zm 9",
                            "Zm9v\n", "Zg==Zg==", "Zm-_"}) {
    CAPTURE(wrong);
    CHECK_FALSE(decode_base64(wrong));
  }
}
