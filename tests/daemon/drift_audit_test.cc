// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/drift_audit.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/daemon/fill_fakes.h"

using namespace larder;

namespace {

constexpr MonotonicTime kLater{DriftAudit::kGraceMs + 10};

FillOrder order() {
  return test::order_for({}, "/v3/content_types/blog/entries/blt1");
}

/// Fill 7 was begun for what is stored under "a", and brought `etag` at 10 ms.
DriftAudit ended_with(const std::string& etag) {
  DriftAudit audit;
  audit.begin(7, order(), "\"a\"");
  audit.note_end(7, etag, WallTime{1'000}, MonotonicTime{10});
  return audit;
}

}  // namespace

TEST_CASE("drift audit: so many a minute, evenly, and none where the operator wants none",
          "[daemon]") {
  DriftAudit audit;
  CHECK_FALSE(audit.is_due(0, MonotonicTime{0}));
  const auto per_minute = GENERATE(1u, 6u, 600u);
  unsigned count = 0;
  for (std::int64_t at = 0; at < 60'000; at += 50) {
    if (audit.is_due(per_minute, MonotonicTime{at})) ++count;
  }
  CHECK(count == per_minute);
}

TEST_CASE("drift audit: a bounded number is under way", "[daemon]") {
  DriftAudit audit;
  for (std::uint64_t fill = 1; fill <= DriftAudit::kMaxRunning; ++fill) {
    CHECK(audit.is_due(600, MonotonicTime{static_cast<std::int64_t>(fill) * 1'000}));
    audit.begin(fill, order(), "\"a\"");
  }
  CHECK_FALSE(audit.is_due(600, MonotonicTime{900'000}));
  audit.note_end(1, "\"a\"", WallTime{0}, MonotonicTime{0});
  CHECK(audit.is_due(600, MonotonicTime{900'000}));
}

TEST_CASE("drift audit: equal bytes are checked, others suspected, failures counted apart",
          "[daemon]") {
  struct Case {
    const char* etag;
    std::uint64_t checked, failed;
    std::size_t suspects;
  };
  const auto c = GENERATE(Case{"\"a\"", 1, 0, 0}, Case{"\"b\"", 1, 0, 1}, Case{"", 0, 1, 0});
  CAPTURE(c.etag);
  auto audit = ended_with(c.etag);
  audit.note_end(7, "\"c\"", WallTime{1'000}, MonotonicTime{10});  // over already
  audit.note_end(8, "\"c\"", WallTime{1'000}, MonotonicTime{10});  // somebody else's
  CHECK(audit.counts().checked == c.checked);
  CHECK(audit.counts().failed == c.failed);
  CHECK(audit.counts().differing == 0);
  CHECK(audit.take_due(kLater).size() == c.suspects);
}

TEST_CASE("drift audit: what differs is judged after a while, once", "[daemon]") {
  auto audit = ended_with("\"b\"");
  CHECK(audit.take_due(MonotonicTime{DriftAudit::kGraceMs + 9}).empty());
  CHECK(audit.suspects(order().key));
  const auto due = audit.take_due(kLater);
  REQUIRE(due.size() == 1);
  CHECK_FALSE(audit.suspects(order().key));
  CHECK(due[0].replaced == WallTime{1'000});
  CHECK(due[0].order.access_token.empty());
  CHECK(audit.take_due(kLater).empty());
}

TEST_CASE("drift audit: the first that differs is told with a remedy, then one an hour",
          "[daemon]") {
  auto audit = ended_with("\"b\"");
  const auto suspect = audit.take_due(kLater).at(0);
  const auto words = audit.note_differing(suspect, MonotonicTime{0});
  REQUIRE(words);
  CHECK(words->find("/v3/content_types/blog/entries/blt1") != std::string::npos);
  CHECK(words->find("webhooks or sync may be dead") != std::string::npos);
  CHECK_FALSE(audit.note_differing(suspect, MonotonicTime{DriftAudit::kWarningPauseMs - 1}));
  CHECK(audit.note_differing(suspect, MonotonicTime{DriftAudit::kWarningPauseMs}));
  CHECK(audit.counts().differing == 3);
}

TEST_CASE("drift audit: what a purge selects proves nothing while it is under way", "[daemon]") {
  const bool of_it = GENERATE(true, false);
  DriftAudit audit;
  audit.begin(7, order(), "\"a\"");
  PurgeOrder purge;
  purge.what = PurgeOrder::What::change;
  purge.api_key = of_it ? order().scope->api_key : "another";
  audit.note_purge(purge);
  audit.note_end(7, "\"b\"", WallTime{1'000}, MonotonicTime{10});
  CHECK(audit.counts().checked == (of_it ? 0 : 1));
  CHECK(audit.take_due(kLater).size() == (of_it ? 0 : 1));
}
