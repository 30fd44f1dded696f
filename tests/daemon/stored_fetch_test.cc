// SPDX-License-Identifier: Apache-2.0
#include "daemon/stored_fetch.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "tests/gzip.h"

using namespace larder;
using larder::test::gzip;

namespace {}  // namespace

TEST_CASE("stored fetch: a body is inflated whole, or not at all", "[daemon]") {
  const std::string text(100'000, 'x');
  const std::string packed = gzip(text);
  const auto whole = inflated(packed);
  REQUIRE(whole);
  CHECK(*whole == text);
  CHECK_FALSE(inflated(packed.substr(0, packed.size() - 1)));
  CHECK_FALSE(inflated("{}"));
}
