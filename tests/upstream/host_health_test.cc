// SPDX-License-Identifier: Apache-2.0
#include "upstream/host_health.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <vector>

using larder::HostHealth;
using larder::MonotonicTime;
using larder::OriginCause;
using larder::OriginError;
using larder::TransferEnd;
using State = larder::HostHealth::State;

namespace {

constexpr MonotonicTime at(std::int64_t ms) {
  return {ms};
}

TransferEnd failed(OriginCause cause = OriginCause::broken, bool probe = false) {
  return {.error = OriginError{cause, "x"}, .probe = probe};
}

TransferEnd answered(int status, bool probe = false) {
  return {.error = std::nullopt, .status = status, .probe = probe};
}

/// A host that five failures have opened at 1'000.
struct OpenHost {
  larder::UpstreamConfig config;
  HostHealth health{config, at(0)};
  OpenHost() {
    for (int i = 0; i < 5; ++i) health.note_end(failed(), at(1'000));
    REQUIRE(health.state() == State::open);
  }
  /// When a probe was let through, asked for each 10 ms from `ms` on.
  std::int64_t next_probe(std::int64_t ms) {
    while (health.admit(false, at(ms)).refused) ms += 10;
    return ms;
  }
};

}  // namespace

TEST_CASE("host health: what the end of a transfer says of its host", "[upstream]") {
  struct Case {
    std::string name;
    TransferEnd end;
    unsigned successes, failures;
  };
  TransferEnd page = answered(200), refusal = answered(403);
  page.html = refusal.html = true;
  const auto c = GENERATE_COPY(
      Case{"an answer", answered(200), 1, 0}, Case{"not found", answered(404), 1, 0},
      Case{"a credential refused", answered(401), 1, 0}, Case{"no such entry", answered(422), 1, 0},
      Case{"too many requests", answered(429), 0, 0}, Case{"its own trouble", answered(500), 0, 1},
      Case{"unavailable", answered(503), 0, 1}, Case{"a page in HTML", page, 0, 1},
      Case{"an edge's refusal in HTML", refusal, 0, 0},
      Case{"no connection", failed(OriginCause::connect), 0, 1},
      Case{"too slow", failed(OriginCause::timed_out), 0, 1},
      Case{"larger than larder takes", failed(OriginCause::too_large), 0, 0},
      Case{"not sent", failed(OriginCause::host_open), 0, 0});
  CAPTURE(c.name);
  const larder::UpstreamConfig config;
  HostHealth health(config, at(0));
  const auto news = health.note_end(c.end, at(1));
  CHECK(health.successes() == c.successes);
  CHECK(health.failures() == c.failures);
  CHECK(health.last_error().has_value() == (c.failures > 0));
  CHECK(news.failure.has_value() == (c.failures > 0));
}

TEST_CASE("host health: a run of failures has a beginning, and ends with an answer", "[upstream]") {
  const larder::UpstreamConfig config;
  HostHealth health(config, at(5));
  health.note_end(answered(200), at(10));
  CHECK(health.since() == at(5));
  health.note_end(failed(OriginCause::dns), at(20));
  health.note_end(failed(OriginCause::tls), at(30));
  CHECK(health.consecutive_failures() == 2);
  CHECK(health.failures_by(OriginCause::dns) == 1);
  CHECK(health.since() == at(20));
  REQUIRE(health.last_error());
  CHECK(health.last_error()->at == at(30));
  const auto news = health.note_end(answered(200), at(40));
  CHECK(news.well_after_ms == 20);
  CHECK(news.failed_before == 2);
  CHECK(health.consecutive_failures() == 0);
  CHECK(health.failures() == 2);
  CHECK(health.since() == at(40));
}

TEST_CASE("host health: the last error holds no token and has a bound", "[upstream]") {
  const larder::UpstreamConfig config;
  HostHealth health(config, at(0));
  TransferEnd end = failed();
  end.error->context = "at ?access_token=cs0123456789abcdef01234567 " + std::string(5'000, 'x');
  health.note_end(end, at(1));
  REQUIRE(health.last_error());
  CHECK(health.last_error()->text.find("cs0123456789abcdef01234567") == std::string::npos);
  CHECK(health.last_error()->text.size() <= HostHealth::kMaxErrorBytes);
}

TEST_CASE("host health: failures in a row open a host, and an answer among them prevents it",
          "[upstream]") {
  larder::UpstreamConfig config;
  config.failures_to_open = 3;
  HostHealth health(config, at(0));
  for (int i = 0; i < 2; ++i) CHECK_FALSE(health.note_end(failed(), at(1)).opened);
  health.note_end(answered(404), at(2));
  for (int i = 0; i < 2; ++i) CHECK_FALSE(health.note_end(failed(), at(3)).opened);
  CHECK_FALSE(health.trouble(true, at(3)));
  CHECK(health.note_end(failed(), at(4)).opened);
  CHECK(health.state() == State::open);
  const auto told = health.trouble(false, at(4));
  REQUIRE(told);
  CHECK(told->cause == OriginCause::host_open);
  CHECK(told->retry_after_s >= 1);
  CHECK(health.admit(false, at(4)).refused);
}

TEST_CASE("host health: an open host is asked by one probe at a time, at most one a second",
          "[upstream]") {
  OpenHost open;
  std::int64_t last = 1'000;
  for (int probes = 0; probes < 20; ++probes) {
    const auto began = open.next_probe(last);
    CHECK(began - last >= 1'000);
    CHECK(began - last <= HostHealth::kMaxPauseMs + 10);
    CHECK(open.health.state() == State::probing);
    CHECK(open.health.admit(false, at(began + 10)).refused);
    open.health.note_end(failed(OriginCause::connect, true), at(began + 20));
    CHECK(open.health.state() == State::open);
    last = began;
  }
}

TEST_CASE("host health: a probe's answer closes the host, also one that refuses", "[upstream]") {
  const int status = GENERATE(200, 401, 404, 422, 429);
  OpenHost open;
  const auto began = open.next_probe(2'000);
  open.health.note_end(answered(status, true), at(began + 5));
  CHECK(open.health.state() == State::closed);
}

TEST_CASE("host health: a probe that does not end makes room for the next, and may close it yet",
          "[upstream]") {
  OpenHost open;
  const auto began = open.next_probe(2'000);
  const std::vector<MonotonicTime> waiting{at(began)};
  CHECK_FALSE(open.health.note_waiting(waiting, at(began + 900)).probe_turn_over);
  CHECK(open.health.note_waiting(waiting, at(began + 1'000)).probe_turn_over);
  CHECK(open.health.state() == State::open);
  open.health.note_end(answered(200), at(began + 4'000));
  CHECK(open.health.state() == State::closed);
}

TEST_CASE("host health: a probe that says nothing leaves the host open", "[upstream]") {
  OpenHost open;
  const auto began = open.next_probe(2'000);
  open.health.note_end(failed(OriginCause::overload, true), at(began + 5));
  CHECK(open.health.state() == State::open);
}

TEST_CASE("host health: who asks long after the last failure may wait for the answer",
          "[upstream]") {
  OpenHost open;
  CHECK(open.health.trouble(false, at(5'000)));
  CHECK(open.health.trouble(true, at(60'000)));
  CHECK_FALSE(open.health.trouble(false, at(60'000)));
}

TEST_CASE("host health: silence opens a host, the sooner the more wait", "[upstream]") {
  struct Case {
    std::size_t waiting;
    std::int64_t opens_at;
  };
  const auto c = GENERATE(Case{5, 3'000}, Case{50, 3'000}, Case{2, 9'000}, Case{1, 15'000});
  CAPTURE(c.waiting);
  const larder::UpstreamConfig config;
  HostHealth health(config, at(0));
  const std::vector<MonotonicTime> since(c.waiting, at(0));
  std::int64_t ms = 0;
  while (!health.note_waiting(since, at(ms)).opened) ms += 100;
  CHECK(ms == c.opens_at);
}

TEST_CASE("host health: a host that sends something is not silent", "[upstream]") {
  const larder::UpstreamConfig config;
  HostHealth health(config, at(0));
  const std::vector<MonotonicTime> since(50, at(0));
  for (std::int64_t ms = 0; ms < 60'000; ms += 250) {
    if (ms % 2'000 == 0) health.note_byte(at(ms));
    health.note_waiting(since, at(ms));
  }
  CHECK(health.state() == State::closed);
}

TEST_CASE("host health: a host that is known to be slow is given more time", "[upstream]") {
  const larder::UpstreamConfig config;
  HostHealth health(config, at(0));
  TransferEnd slow = answered(200);
  slow.head_after_ms = 5'000;
  health.note_end(slow, at(0));
  const std::vector<MonotonicTime> since(50, at(0));
  CHECK_FALSE(health.note_waiting(since, at(9'900)).opened);
  CHECK(health.note_waiting(since, at(10'000)).opened);
}

TEST_CASE("host health: while it is slow, stale answers go out at once and few refreshes start",
          "[upstream]") {
  const larder::UpstreamConfig config;
  HostHealth health(config, at(0));
  const std::vector<MonotonicTime> since{at(0)};
  health.note_waiting(since, at(900));
  CHECK_FALSE(health.trouble(true, at(900)));
  CHECK(health.trouble(true, at(1'000)));
  CHECK_FALSE(health.trouble(false, at(1'000)));
  unsigned refreshes = 0;
  for (std::int64_t ms = 1'000; ms < 2'900; ms += 10) {
    CHECK_FALSE(health.admit(false, at(ms)).refused);
    if (!health.admit(true, at(ms)).refused) ++refreshes;
  }
  CHECK(refreshes == 2);
  health.note_waiting({}, at(3'000));
  CHECK_FALSE(health.trouble(true, at(3'000)));
}

TEST_CASE("host health: an answer that says when to come again holds the host", "[upstream]") {
  struct Case {
    int status;
    std::optional<std::int64_t> retry_after_s;
    std::int64_t held_s;
  };
  const auto c =
      GENERATE(Case{429, 5, 5}, Case{429, std::nullopt, 1}, Case{429, 86'400, 60}, Case{429, 0, 1},
               Case{503, 5, 5}, Case{503, std::nullopt, 0}, Case{500, 5, 0}, Case{200, 5, 0});
  CAPTURE(c.status, c.retry_after_s.value_or(-1));
  const larder::UpstreamConfig config;
  HostHealth health(config, at(0));
  TransferEnd end = answered(c.status);
  end.retry_after_s = c.retry_after_s;
  CHECK(health.note_end(end, at(1'000)).held == (c.held_s > 0));
  const auto last = 1'000 + c.held_s * 1'000;
  CHECK_FALSE(health.admit(false, at(last)).refused);
  if (c.held_s == 0) return;
  const auto told = health.trouble(false, at(1'000));
  REQUIRE(told);
  CHECK(told->cause == OriginCause::rate_limited);
  CHECK(told->retry_after_s == c.held_s);
  CHECK(health.admit(false, at(last - 1)).refused);
}

TEST_CASE("host health: after a hold the host is not asked for all at once", "[upstream]") {
  struct Case {
    std::int64_t after_ms;
    unsigned least, most;  // transfers by then, asked for each millisecond
  };
  const auto c = GENERATE(Case{1, 1, 1}, Case{1'000, 8, 9}, Case{2'000, 24, 25},
                          Case{4'000, 120, 121}, Case{HostHealth::kResumeMs, 1'016, 1'017});
  CAPTURE(c.after_ms);
  const larder::UpstreamConfig config;
  HostHealth health(config, at(0));
  TransferEnd end = answered(429);
  end.retry_after_s = 5;
  const auto held_until = 6'000;
  REQUIRE(health.note_end(end, at(1'000)).held);
  unsigned started = 0;
  for (std::int64_t ms = 0; ms < c.after_ms; ++ms) {
    const auto admission = health.admit(false, at(held_until + ms));
    if (!admission.refused) {
      ++started;
    } else {
      REQUIRE(admission.refused->cause == OriginCause::rate_limited);
      REQUIRE(admission.refused->retry_after_s == 1);
    }
    // Who joins a transfer that has started is not told to go.
    REQUIRE_FALSE(health.trouble(false, at(held_until + ms)));
  }
  CHECK(started >= c.least);
  CHECK(started <= c.most);
  for (int i = 0; i < 1'000; ++i) {
    CHECK_FALSE(health.admit(false, at(held_until + HostHealth::kResumeMs)).refused);
  }
}

TEST_CASE("host health: one hung transfer does not make a host slow that answers others soon",
          "[upstream]") {
  const larder::UpstreamConfig config;
  HostHealth health(config, at(0));
  const std::vector<MonotonicTime> since{at(0)};
  health.note_waiting(since, at(1'500));
  REQUIRE(health.is_slow(at(1'500)));
  // An answer that took as long as what is called slow says nothing of the kind.
  health.note_head(at(500), at(1'500));
  CHECK(health.is_slow(at(1'500)));
  health.note_head(at(1'400), at(1'500));
  CHECK_FALSE(health.is_slow(at(1'500)));
  health.note_waiting(since, at(10'000));
  CHECK_FALSE(health.is_slow(at(10'000)));
  // What began later and waits makes it slow again.
  const std::vector<MonotonicTime> later{at(0), at(9'000)};
  health.note_waiting(later, at(10'000));
  CHECK(health.is_slow(at(10'000)));
}

TEST_CASE("host health: an answer that closes an open host says so once", "[upstream]") {
  const int status = GENERATE(200, 404, 429);
  CAPTURE(status);
  OpenHost open;
  const std::vector<MonotonicTime> hung{at(500)};
  open.health.note_waiting(hung, at(1'900));
  const auto began = open.next_probe(2'000);
  const auto news = open.health.note_end(answered(status, true), at(began + 5));
  CHECK(news.closed);
  CHECK_FALSE(open.health.is_slow(at(began + 5)));
  CHECK_FALSE(open.health.note_end(answered(200), at(began + 6)).closed);
}
