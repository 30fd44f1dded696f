// SPDX-License-Identifier: Apache-2.0
#include "upstream/host_health.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using larder::HostHealth;
using larder::MonotonicTime;
using larder::OriginCause;
using larder::OriginError;

TEST_CASE("host health: what the end of a transfer says of its host", "[upstream]") {
  struct Case {
    std::string name;
    std::optional<OriginError> error;
    int status;
    unsigned successes, failures;
  };
  const auto c = GENERATE(
      Case{"an answer", std::nullopt, 200, 1, 0}, Case{"not found", std::nullopt, 404, 1, 0},
      Case{"too many requests", std::nullopt, 429, 1, 0},
      Case{"its own trouble", std::nullopt, 500, 0, 1},
      Case{"unavailable", std::nullopt, 503, 0, 1},
      Case{"no connection", OriginError{OriginCause::broken, "x"}, 0, 0, 1},
      Case{"too slow", OriginError{OriginCause::timed_out, "x"}, 0, 0, 1},
      Case{"cut short", OriginError{OriginCause::broken, "x"}, 200, 0, 1},
      Case{"larger than larder takes", OriginError{OriginCause::too_large, "x"}, 200, 0, 0});
  CAPTURE(c.name);
  HostHealth health(MonotonicTime{0});
  health.note_end(c.error, c.status, MonotonicTime{1});
  CHECK(health.successes() == c.successes);
  CHECK(health.failures() == c.failures);
  CHECK(health.last_error().has_value() == (c.failures > 0));
}

TEST_CASE("host health: a run of failures has a beginning, and ends with an answer", "[upstream]") {
  HostHealth health(MonotonicTime{5});
  const auto fails = [&](const char* text, std::int64_t at) {
    health.note_end(OriginError{OriginCause::broken, text}, 0, MonotonicTime{at});
  };
  health.note_end(std::nullopt, 200, MonotonicTime{10});
  CHECK(health.since() == MonotonicTime{5});
  fails("first", 20);
  fails("second", 30);
  CHECK(health.consecutive_failures() == 2);
  CHECK(health.since() == MonotonicTime{20});
  REQUIRE(health.last_error());
  CHECK(health.last_error()->text == "second");
  CHECK(health.last_error()->at == MonotonicTime{30});
  health.note_end(std::nullopt, 200, MonotonicTime{40});
  CHECK(health.consecutive_failures() == 0);
  CHECK(health.failures() == 2);
  CHECK(health.since() == MonotonicTime{40});
  CHECK(health.last_error()->text == "second");
}

TEST_CASE("host health: the last error holds no token and has a bound", "[upstream]") {
  HostHealth health(MonotonicTime{0});
  health.note_end(OriginError{OriginCause::broken, "at ?access_token=cs0123456789abcdef01234567 " +
                                                       std::string(5'000, 'x')},
                  0, MonotonicTime{1});
  REQUIRE(health.last_error());
  CHECK(health.last_error()->text.find("cs0123456789abcdef01234567") == std::string::npos);
  CHECK(health.last_error()->text.size() <= HostHealth::kMaxErrorBytes);
}
