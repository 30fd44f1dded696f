// SPDX-License-Identifier: Apache-2.0
#include "daemon/tls/handshake_report.h"

#include <catch2/catch_test_macros.hpp>

using namespace larder;

TEST_CASE("handshake report: it speaks at once, and then once a minute of all", "[tls]") {
  HandshakeReport report;
  CHECK(report.note("192.0.2.1", "no shared cipher", {5'000}) ==
        "the TLS handshake with 192.0.2.1 failed: no shared cipher");
  CHECK_FALSE(report.note("192.0.2.2", "no shared cipher", {5'001}));
  CHECK_FALSE(report.note("192.0.2.3", "no shared cipher", {64'999}));
  CHECK(report.note("192.0.2.4", "http request", {65'000}) ==
        "the TLS handshake with 192.0.2.4 failed: http request (and 2 others since the last such "
        "line)");
  CHECK(report.note("192.0.2.5", "http request", {999'000}) ==
        "the TLS handshake with 192.0.2.5 failed: http request");
}
