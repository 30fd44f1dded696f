// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <vector>

#include "conf/address.h"
#include "conf/base/clock.h"
#include "conf/base/secret.h"
#include "conf/nearest.h"
#include "conf/region.h"
#include "conf/units.h"

using namespace larder;

TEST_CASE("region: each name leads to the two hosts of its region", "[conf]") {
  struct Case {
    const char* name;
    const char* delivery;
    const char* preview;
  };
  const auto c = GENERATE(values<Case>({
      {"na", "https://cdn.contentstack.io", "https://rest-preview.contentstack.com"},
      {"us", "https://cdn.contentstack.io", "https://rest-preview.contentstack.com"},
      {"aws-na", "https://cdn.contentstack.io", "https://rest-preview.contentstack.com"},
      {"eu", "https://eu-cdn.contentstack.com", "https://eu-rest-preview.contentstack.com"},
      {"au", "https://au-cdn.contentstack.com", "https://au-rest-preview.contentstack.com"},
      {"azure-na", "https://azure-na-cdn.contentstack.com",
       "https://azure-na-rest-preview.contentstack.com"},
      {"azure-eu", "https://azure-eu-cdn.contentstack.com",
       "https://azure-eu-rest-preview.contentstack.com"},
      {"gcp-na", "https://gcp-na-cdn.contentstack.com",
       "https://gcp-na-rest-preview.contentstack.com"},
      {"gcp-eu", "https://gcp-eu-cdn.contentstack.com",
       "https://gcp-eu-rest-preview.contentstack.com"},
  }));
  DYNAMIC_SECTION(c.name) {
    const auto hosts = hosts_of_region(c.name);
    REQUIRE(hosts);
    CHECK(hosts->delivery == c.delivery);
    CHECK(hosts->preview == c.preview);
    CHECK(parse_base_url(hosts->delivery).value() == c.delivery);
  }
}

TEST_CASE("region: anything else is none", "[conf]") {
  CHECK_FALSE(hosts_of_region(""));
  CHECK_FALSE(hosts_of_region("EU"));
  CHECK_FALSE(hosts_of_region("eu-cdn"));
  CHECK(region_names().size() == 9);
}

TEST_CASE("units: durations and sizes are whole numbers with a unit", "[conf]") {
  struct Case {
    const char* text;
    std::optional<Milliseconds> duration;
    std::optional<Bytes> size;
  };
  const auto c = GENERATE(values<Case>({
      {"500ms", 500, {}},
      {"60s", 60'000, {}},
      {"5m", 300'000, {}},
      {"24h", 86'400'000, {}},
      {"7d", 604'800'000, {}},
      {"0s", 0, {}},
      {"17", {}, 17},
      {"17B", {}, 17},
      {"64KiB", {}, 65'536},
      {"10MB", {}, 10'000'000},
      {"1GiB", {}, 1ull << 30},
      {"2TiB", {}, 2ull << 40},
      {"", {}, {}},
      {"s", {}, {}},
      {" 1s", {}, {}},
      {"1 s", {}, {}},
      {"1S", {}, {}},
      {"+1s", {}, {}},
      {"-1s", {}, {}},
      {"1e3s", {}, {}},
      {"1h30m", {}, {}},
      {"1K", {}, {}},
      {"1kib", {}, {}},
      {"9223372036854775807ms", 9'223'372'036'854'775'807, {}},
      {"9223372036854775808ms", {}, {}},
      {"9223372036854775807s", {}, {}},
      {"18446744073709551616", {}, {}},
  }));
  DYNAMIC_SECTION(c.text) {
    CHECK(parse_duration(c.text) == c.duration);
    CHECK(parse_size(c.text) == c.size);
  }
}

TEST_CASE("units: texts use the largest unit without a fraction", "[conf]") {
  CHECK(duration_text(0) == "0s");
  CHECK(duration_text(1'500) == "1500ms");
  CHECK(duration_text(90'000) == "90s");
  CHECK(duration_text(86'400'000) == "1d");
  CHECK(size_text(0) == "0");
  CHECK(size_text(1'000) == "1000");
  CHECK(size_text(1'536) == "1536");
  CHECK(size_text(64 << 20) == "64MiB");
}

TEST_CASE("address: base URLs are scheme, host and port, in lower case", "[conf]") {
  struct Case {
    const char* text;
    const char* url;  ///< nullptr = refused
  };
  const auto c = GENERATE(values<Case>({
      {"https://cdn.contentstack.io", "https://cdn.contentstack.io"},
      {"HTTPS://CDN.Example.com:8443", "https://cdn.example.com:8443"},
      {"http://127.0.0.1:9", "http://127.0.0.1:9"},
      {"https://[2001:DB8::1]", "https://[2001:db8::1]"},
      {"https://a.b/", nullptr},
      {"https://a.b?x", nullptr},
      {"https://a.b#x", nullptr},
      {"https://u:p@a.b", nullptr},
      {"https://", nullptr},
      {"https://a..b", nullptr},
      {"https://.a", nullptr},
      {"https://a b", nullptr},
      {"https://a:0", nullptr},
      {"https://a:", nullptr},
      {"https://a:99999", nullptr},
      {"https://a:1:2", nullptr},
      {"https://[::1", nullptr},
      {"https://[a.b]", nullptr},
      {"https://[1.2.3.4]", nullptr},
      {"ftp://a.b", nullptr},
      {"a.b", nullptr},
      {"", nullptr},
  }));
  DYNAMIC_SECTION(c.text) {
    const auto url = parse_base_url(c.text);
    REQUIRE(url.has_value() == (c.url != nullptr));
    if (url) CHECK(*url == c.url);
  }
}

TEST_CASE("address: private hosts are known by their literals", "[conf]") {
  for (const char* host :
       {"localhost", "a.localhost", "127.0.0.1", "10.0.0.1", "172.16.0.1", "172.31.9.9",
        "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "[::1]", "[::]",
        "[fe80::1]", "[fd00::1]", "[::ffff:10.0.0.1]", "[ff02::1]"}) {
    CAPTURE(host);
    CHECK(names_private_host(std::string("https://") + host + ":443"));
  }
  for (const char* host : {"cdn.contentstack.io", "1.1.1.1", "172.32.0.1", "172.15.0.1",
                           "100.128.0.1", "[2606:4700::1111]", "[::ffff:1.1.1.1]", "10.example"}) {
    CAPTURE(host);
    CHECK_FALSE(names_private_host(std::string("https://") + host));
  }
}

TEST_CASE("address: what was parsed comes back as it was written", "[conf]") {
  for (const char* text : {"127.0.0.1:8080", "[::1]:8080", "0.0.0.0:0", "unix:/run/x.sock"}) {
    CAPTURE(text);
    CHECK(address_text(parse_listen_address(text).value()) == text);
  }
  CHECK_FALSE(parse_listen_address("unix:/" + std::string(107, 'a')).has_value());
  CHECK(parse_listen_address("unix:/" + std::string(106, 'a')).has_value());
}

TEST_CASE("nearest: a slip of the hand finds its name, another word none", "[conf]") {
  const std::vector<std::string_view> names = {"environment", "branches", "aliases", "na", "eu"};
  CHECK(nearest_name("enviroment", names) == "environment");
  CHECK(nearest_name("evnironment", names) == "environment");
  CHECK(nearest_name("branch", names) == "branches");
  CHECK(nearest_name("locale", names).empty());
  CHECK(nearest_name("xx", names).empty());
  CHECK(nearest_name("ue", names) == "eu");
  CHECK(nearest_name(std::string(10'000, 'a'), names).empty());
}

TEST_CASE("secret: it moves, copies and compares, and a moved-from one is empty", "[conf]") {
  Secret a{"short"};
  Secret b = std::move(a);
  CHECK(a.empty());  // NOLINT(bugprone-use-after-move): the promise under test
  CHECK(b.equals("short"));
  CHECK_FALSE(b.equals("shore"));
  CHECK_FALSE(b.equals("shorter"));
  a = b;
  CHECK(a.equals("short"));
  a = std::move(b);
  CHECK(b.empty());  // NOLINT(bugprone-use-after-move)
  Secret& self = a;
  a = self;
  CHECK(a.equals("short"));
  CHECK(Secret{}.equals(""));
}

TEST_CASE("secret: moving a short one leaves no bytes behind", "[conf]") {
  alignas(Secret) unsigned char room[sizeof(Secret)];
  Secret* secret = new (room) Secret{"tok-1234"};
  const Secret taken = std::move(*secret);
  const std::string_view left(reinterpret_cast<const char*>(room), sizeof room);
  CHECK(left.find("1234") == left.npos);
  CHECK(taken.equals("tok-1234"));
  secret->~Secret();
}

TEST_CASE("clock: times compare, and the monotonic one does not go back", "[conf]") {
  CHECK(WallTime{1} < WallTime{2});
  CHECK(wall_now() > WallTime{1'600'000'000'000});
  const MonotonicTime before = monotonic_now();
  CHECK(monotonic_now() >= before);
}
