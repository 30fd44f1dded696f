// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/relays.h"

#include <catch2/catch_test_macros.hpp>

using larder::client_group;

TEST_CASE("relays: one IPv4 address is one client, and so is one network of IPv6", "[daemon]") {
  CHECK(client_group("192.0.2.1") == client_group("192.0.2.1"));
  CHECK(client_group("192.0.2.1") != client_group("192.0.2.2"));
  CHECK(client_group("::ffff:192.0.2.1") == client_group("192.0.2.1"));
  CHECK(client_group("2001:db8:1:2::1") == client_group("2001:db8:1:2:ffff::9"));
  CHECK(client_group("2001:db8:1:2::1") != client_group("2001:db8:1:3::1"));
  CHECK(client_group("unix").empty());
  CHECK(client_group("").empty());
}
