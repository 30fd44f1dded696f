// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/next_answer.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace {

using namespace larder;
using Mark = KeyOutlook::Mark;

constexpr WallTime kNow{1'000'000};

Lifetime lifetime(std::int64_t fresh_s, std::int64_t stale_s, std::int64_t error_s) {
  const auto at = [](std::int64_t s) { return WallTime{kNow.ms + s * 1'000}; };
  return {.stored = at(-100),
          .fresh_until = at(fresh_s),
          .revalidate_until = at(stale_s),
          .error_until = at(error_s)};
}
const Lifetime kFresh = lifetime(60, 90, 120);
const Lifetime kStale = lifetime(-10, 30, 120);
const Lifetime kOnError = lifetime(-10, -10, 120);
const Lifetime kExpired = lifetime(-10, -10, -10);

KeyOutlook marked(Mark mark) {
  KeyOutlook outlook;
  outlook.mark = mark;
  return outlook;
}
KeyOutlook troubled(OriginCause cause) {
  KeyOutlook outlook;
  outlook.trouble = outlook.trouble_with_stale = cause;
  return outlook;
}
KeyOutlook with(bool KeyOutlook::*flag) {
  KeyOutlook outlook;
  outlook.*flag = true;
  return outlook;
}

struct Case {
  const char* name;
  NextFacts facts;
  Outcome outcome;
  Reason reason;
  const char* detail;
  const char* line;
};

}  // namespace

TEST_CASE("next answer: what is known decides, as it would for a request", "[daemon]") {
  const auto c = GENERATE(values<Case>({
      {"fresh",
       {.lifetime = kFresh},
       Outcome::hit,
       Reason::fresh,
       "",
       "hit: it is fresh in the store (fresh); so for 60 s"},
      {"fresh, whatever the host",
       {.lifetime = kFresh, .outlook = troubled(OriginCause::host_open)},
       Outcome::hit,
       Reason::fresh,
       "",
       "hit: it is fresh in the store (fresh); so for 60 s"},
      {"fresh, but the origin has refused the token",
       {.lifetime = kFresh, .outlook = with(&KeyOutlook::refused)},
       Outcome::miss,
       Reason::credential_rejected,
       "",
       "miss: not looked up: the origin has refused this credential (credential-rejected); the "
       "origin is asked"},
      {"stale",
       {.lifetime = kStale},
       Outcome::stale,
       Reason::stale_while_revalidate,
       "",
       "stale: it is stale, and goes out once more while its refresh runs "
       "(stale-while-revalidate); so for 30 s"},
      {"purged softly",
       {.lifetime = kStale, .purged = true},
       Outcome::stale,
       Reason::stale_while_revalidate,
       "purged",
       "stale: it is stale, and goes out once more while its refresh runs "
       "(stale-while-revalidate); a purge has hit it (purged); so for 30 s"},
      {"stale, and the host is open",
       {.lifetime = kStale, .outlook = troubled(OriginCause::host_open)},
       Outcome::stale,
       Reason::stale_while_revalidate,
       "",
       "stale: it is stale, and goes out once more while its refresh runs "
       "(stale-while-revalidate); so for 30 s; its refresh does not start: the origin has failed "
       "too often: it is asked by probes only"},
      {"stale if error, and the host is well",
       {.lifetime = kOnError},
       Outcome::miss,
       Reason::stale_if_error,
       "",
       "miss: it is stale, and goes out only where the origin fails (stale-if-error); the origin "
       "is asked"},
      {"stale if error, and the host is open",
       {.lifetime = kOnError, .outlook = troubled(OriginCause::host_open)},
       Outcome::stale_error,
       Reason::stale_if_error,
       "host-open",
       "stale_error: it is stale, and goes out only where the origin fails (stale-if-error); the "
       "origin has failed too often: it is asked by probes only (host-open); so for 120 s"},
      {"stale if error, and a fence pauses its refills",
       {.lifetime = kOnError, .purged = true, .outlook = with(&KeyOutlook::paused)},
       Outcome::stale_error,
       Reason::stale_if_error,
       "outdated",
       "stale_error: it is stale, and goes out only where the origin fails (stale-if-error); a "
       "cache before the origin answered with content of before a known change (outdated); a "
       "purge has hit it (purged); so for 120 s"},
      {"stale if error shares, whatever the marks",
       {.lifetime = kOnError, .outlook = marked(Mark::lasting)},
       Outcome::miss,
       Reason::stale_if_error,
       "",
       "miss: it is stale, and goes out only where the origin fails (stale-if-error); the origin "
       "is asked"},
      {"expired",
       {.lifetime = kExpired},
       Outcome::miss,
       Reason::expired,
       "",
       "miss: what is stored is too old for any use (expired); the origin is asked"},
      {"never stored",
       {},
       Outcome::miss,
       Reason::absent,
       "",
       "miss: nothing of it is stored (absent); the origin is asked"},
      {"stored once",
       {.was_stored = true},
       Outcome::miss,
       Reason::absent,
       "",
       "miss: nothing of it is stored (absent); it was stored before: it has been purged or "
       "evicted since; the origin is asked"},
      {"not stored, and the host is held",
       {.outlook = troubled(OriginCause::rate_limited)},
       Outcome::failed,
       Reason::absent,
       "rate-limited",
       "failed: nothing of it is stored (absent); the origin has said when it may be asked again "
       "(rate-limited)"},
      {"not stored, on its way",
       {.outlook = with(&KeyOutlook::filling)},
       Outcome::joined,
       Reason::absent,
       "",
       "joined: nothing of it is stored (absent); an answer is on its way, and is shared"},
      {"marked, for its last answer set a cookie",
       {.outlook = marked(Mark::lasting), .last_detail = "set_cookie"},
       Outcome::miss,
       Reason::absent,
       "hit-for-miss",
       "miss: nothing of it is stored (absent); its answers were not to be shared lately, so it "
       "goes to the origin alone (hit-for-miss); the last time the answer was not stored: it sets "
       "a cookie (set_cookie)"},
      {"not marked, but too large",
       {.last_detail = "too_large"},
       Outcome::miss,
       Reason::absent,
       "",
       "miss: nothing of it is stored (absent); the last time the answer was not stored: it is "
       "larger than cache.max_object, or there was no room for it (too_large); the origin is "
       "asked"},
      {"the last answer was outdated",
       {.outlook = with(&KeyOutlook::passes_caches)},
       Outcome::miss,
       Reason::absent,
       "",
       "miss: nothing of it is stored (absent); it is asked for past caches: the last answer was "
       "outdated; the origin is asked"},
  }));
  DYNAMIC_SECTION(c.name) {
    const NextAnswer next = next_answer(c.facts, kNow);
    CHECK(name_of(next.outcome) == std::string(name_of(c.outcome)));
    CHECK(name_of(next.reason) == std::string(name_of(c.reason)));
    CHECK(next.detail == c.detail);
    CHECK(next.line == c.line);
  }
}
