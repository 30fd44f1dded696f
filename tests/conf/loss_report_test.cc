// SPDX-License-Identifier: Apache-2.0
#include "conf/base/loss_report.h"

#include <catch2/catch_test_macros.hpp>

using namespace larder;

TEST_CASE("loss report: losses are said at once, then once a minute with what has been added",
          "[conf]") {
  LossReport report;
  const auto note = [&](std::uint64_t lost, const char* trouble, std::int64_t ms) {
    return report.note("lines", lost, "no room", trouble, MonotonicTime{ms}).value_or("");
  };
  CHECK(note(0, "", 0).empty());
  CHECK(note(3, "no room", 1'000) == "3 lines are lost: no room");
  CHECK(note(4, "no room", 1'001).empty());
  CHECK(note(500, "no room", 60'999).empty());
  CHECK(note(503, "no room", 61'000) == "500 lines are lost: no room (503 since the start)");
  CHECK(note(503, "", 61'001).empty());
  CHECK(note(503, "", 121'000) == "no more lines are lost; it is written again");
  CHECK(note(503, "", 500'000).empty());
  CHECK(report.told() == 503);
}

TEST_CASE("loss report: what was lost for a moment is said with its cause", "[conf]") {
  LossReport report;
  const auto first = report.note("lines", 2, "no room", "", MonotonicTime{5});
  CHECK(first.value_or("") == "2 lines are lost: no room");
  const auto none = report.note("lines", 2, "no room", "", MonotonicTime{100'000});
  CHECK_FALSE(none.has_value());
}

TEST_CASE("loss report: losses that end between two words are said with the end", "[conf]") {
  LossReport report;
  (void)report.note("lines", 2, "no room", "no room", MonotonicTime{0});
  const auto text = report.note("lines", 7, "no room", "", MonotonicTime{60'000});
  CHECK(text.value_or("") == "5 lines are lost: no room (7 since the start); it is written again");
}
