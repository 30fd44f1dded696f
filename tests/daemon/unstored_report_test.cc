// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/unstored_report.h"

#include <catch2/catch_test_macros.hpp>

using larder::lasting_reason;
using larder::MonotonicTime;
using larder::StoreVerdict;
using larder::UnstoredReport;

TEST_CASE("unstored report: told once a minute for each host and reason, when nothing is stored",
          "[daemon]") {
  UnstoredReport report;
  const auto note = [&](const char* host, StoreVerdict verdict, std::int64_t ms, bool old = false) {
    return report.note(host, verdict, lasting_reason(verdict, old), MonotonicTime{ms});
  };
  const auto run = [&](const char* host, StoreVerdict verdict, std::int64_t ms, bool old = false) {
    unsigned told = 0;
    for (unsigned i = 0; i < UnstoredReport::kInARow; ++i)
      told += note(host, verdict, ms, old) ? 1 : 0;
    return told;
  };
  CHECK(run("h", StoreVerdict::set_cookie, 0) == 1);
  CHECK(run("h", StoreVerdict::set_cookie, 59'000) == 0);
  CHECK(run("h", StoreVerdict::set_cookie, 60'000) == 1);
  CHECK(run("h", StoreVerdict::vary, 60'000) == 1);
  CHECK(run("other", StoreVerdict::set_cookie, 60'000) == 1);
  CHECK(run("old", StoreVerdict::storable, 0, true) == 1);
  CHECK(run("well", StoreVerdict::storable, 0) == 0);
  CHECK(run("ill", StoreVerdict::incomplete, 0) == 0);
}

TEST_CASE("unstored report: one stored answer among them, and nothing is told", "[daemon]") {
  UnstoredReport report;
  for (unsigned i = 0; i < 5 * UnstoredReport::kInARow; ++i) {
    const auto verdict = i % 5 == 0 ? StoreVerdict::storable : StoreVerdict::is_private;
    CHECK_FALSE(report.note("h", verdict, lasting_reason(verdict, false), MonotonicTime{i}));
  }
}
