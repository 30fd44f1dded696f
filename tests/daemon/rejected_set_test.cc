// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/rejected_set.h"

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <string>

namespace {

larder::ScopeMac mac_of(std::uint32_t number) {
  larder::ScopeMac mac;
  std::memcpy(mac.bytes.data(), &number, sizeof number);
  return mac;
}

}  // namespace

TEST_CASE("rejected set: a worker's copy follows the notes", "[daemon]") {
  larder::RejectedSet set;
  CHECK_FALSE(set.has(mac_of(1)));
  set.note(mac_of(1), true);
  set.note(mac_of(1), true);
  CHECK(set.has(mac_of(1)));
  set.note(mac_of(1), false);
  CHECK_FALSE(set.has(mac_of(1)));
}

TEST_CASE("rejected set: its number is bounded, the oldest go, and notes may come in any order",
          "[daemon]") {
  constexpr auto kMost = static_cast<std::uint32_t>(larder::kMaxRejectedCredentials);
  larder::RejectedSet set;
  for (std::uint32_t i = 0; i < kMost; ++i) set.note(mac_of(i), true);
  set.note(mac_of(0), false);
  set.note(mac_of(0), false);
  set.note(mac_of(0), true);  // the youngest now
  set.note(mac_of(kMost), true);
  CHECK(set.size() == kMost);
  CHECK(set.has(mac_of(0)));
  CHECK_FALSE(set.has(mac_of(1)));
  CHECK(set.has(mac_of(2)));
  CHECK(set.has(mac_of(kMost)));
}
