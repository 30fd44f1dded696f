// SPDX-License-Identifier: Apache-2.0
#include "upstream/host_report.h"

#include <catch2/catch_test_macros.hpp>

using larder::HostHealth;
using larder::MonotonicTime;
using larder::OriginCause;
using larder::OriginError;

TEST_CASE("host report: the first failure names host, cause and remedy, then one a minute is told",
          "[upstream]") {
  const larder::UpstreamConfig config;
  HostHealth health(config, MonotonicTime{0});
  larder::HostReport report;
  const OriginError error{OriginCause::dns, "origin https://h: Could not resolve host: h"};
  unsigned told = 0;
  for (std::int64_t ms = 0; ms < 120'000; ms += 500) {
    const MonotonicTime now{ms};
    health.note_end({.error = error}, now);
    const auto text = report.on_failure("https://h", error, health, now);
    if (!text) continue;
    ++told;
    CAPTURE(*text);
    CHECK(text->starts_with("origin https://h: Could not resolve host: h ("));
    CHECK(text->find("name servers") != std::string::npos);
    CHECK((text->find("only probes") != std::string::npos) == (ms > 0));
    CHECK((text->find("failure 121 in a row, over 60 s") != std::string::npos) == (ms > 0));
  }
  CHECK(told == 2);
}

TEST_CASE("host report: a recovery is told where the failure was", "[upstream]") {
  const larder::UpstreamConfig config;
  const HostHealth health(config, MonotonicTime{0});
  larder::HostReport report;
  CHECK_FALSE(report.on_recovery("https://h", 1'000, 1));
  REQUIRE(report.on_failure("https://h", {OriginCause::server_error, "answered with status 500"},
                            health, MonotonicTime{1}));
  CHECK(report.on_recovery("https://h", 63'400, 7) ==
        "origin https://h answers again after 63 s, 7 failures");
  CHECK_FALSE(report.on_recovery("https://h", 1'000, 1));
}
