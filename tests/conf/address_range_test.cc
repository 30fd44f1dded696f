// SPDX-License-Identifier: Apache-2.0
#include "conf/address_range.h"

#include <arpa/inet.h>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <vector>

namespace {

std::vector<std::uint8_t> octets(const std::string& text) {
  const bool v6 = text.find(':') != std::string::npos;
  std::vector<std::uint8_t> bytes(v6 ? 16 : 4);
  REQUIRE(::inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), bytes.data()) == 1);
  return bytes;
}

}  // namespace

TEST_CASE("address range: the first and the last address of each range, and their neighbours",
          "[address]") {
  struct Case {
    std::string before, first, last, behind;  // an empty neighbour is in another range
  };
  const auto c = GENERATE(values<Case>({
      {"", "0.0.0.0", "0.255.255.255", "1.0.0.0"},
      {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
      {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
      {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
      {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
      {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
      {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
      {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
      {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
      {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
      {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
      {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
      {"223.255.255.255", "224.0.0.0", "239.255.255.255", ""},
      {"", "240.0.0.0", "255.255.255.255", ""},
      {"", "::", "::1", ""},
      {"64:ff9b:0:ffff:ffff:ffff:ffff:ffff", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
       "64:ff9b:2::"},
      {"ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "100::", "100::ffff:ffff:ffff:ffff", "100:0:0:1::"},
      {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
       "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
      {"fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::"},
      {"fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},
      {"", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},
      {"", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},
  }));
  CAPTURE(c.first);
  CHECK(larder::is_private_address(octets(c.first)));
  CHECK(larder::is_private_address(octets(c.last)));
  if (!c.before.empty()) CHECK_FALSE(larder::is_private_address(octets(c.before)));
  if (!c.behind.empty()) CHECK_FALSE(larder::is_private_address(octets(c.behind)));
}

TEST_CASE("address range: an IPv6 address that carries an IPv4 address is judged by it",
          "[address]") {
  struct Case {
    std::string address;
    bool is_private;
  };
  const auto c = GENERATE(values<Case>({
      {"::ffff:127.0.0.1", true},
      {"::ffff:169.254.169.254", true},
      {"::ffff:8.8.8.8", false},
      {"::10.0.0.1", true},
      {"::8.8.8.8", false},
      {"64:ff9b::192.168.1.1", true},
      {"64:ff9b::8.8.8.8", false},
      {"2002:7f00:1::", true},
      {"2002:a9fe:a9fe::1", true},
      {"2002:808:808::1", false},
      {"2a00:1450:4001:800::200e", false},
      {"2606:4700::7f00:1", false},
  }));
  CAPTURE(c.address);
  CHECK(larder::is_private_address(octets(c.address)) == c.is_private);
}

TEST_CASE("address range: what is no IP address is not public", "[address]") {
  CHECK(larder::is_private_address({}));
  CHECK(larder::is_private_address(std::array<std::uint8_t, 8>{8, 8, 8, 8, 8, 8, 8, 8}));
}
