// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/host_board.h"

#include <catch2/catch_test_macros.hpp>

TEST_CASE("host board: hosts as JSON, by use, without tokens", "[daemon]") {
  larder::HostBoard board;
  CHECK(board.json(larder::MonotonicTime{0}) == "[]");
  larder::HostSnapshot failing;
  failing.name = "https://a.example";
  failing.running = {0, 3, 0, 0, 1};
  failing.queued = {0, 2, 0, 0, 4};
  failing.refused = 5;
  failing.refreshes_dropped = 6;
  failing.successes = 7;
  failing.failures = 8;
  failing.consecutive_failures = 2;
  failing.since = larder::MonotonicTime{1'000};
  failing.last_error = {.text = "no \"way\" cs0123456789abcdef01234567",
                        .at = larder::MonotonicTime{3'000}};
  failing.state = larder::HostHealth::State::open;
  failing.held_until = larder::MonotonicTime{7'000};
  failing.next_probe = larder::MonotonicTime{6'000};
  failing.opened = 1;
  failing.failures_by[static_cast<std::size_t>(larder::OriginCause::dns)] = 8;
  larder::HostSnapshot well;
  well.name = "https://b.example";
  board.show({failing}, {well});
  CHECK(
      board.json(larder::MonotonicTime{5'500}) ==
      R"([{"name":"https://a.example","for":"delivery",)"
      R"("running":{"preview":0,"visitor":3,"pass":0,"renewal":0,"refresh":1},)"
      R"("queued":{"preview":0,"visitor":2,"pass":0,"renewal":0,"refresh":4},"refused":5,"refreshes_dropped":6,)"
      R"("successes":7,"failures":8,"consecutive_failures":2,"state":"open",)"
      R"("held_for_s":2,"next_probe_ms":500,"opened":1,"failures_by":{"dns":8},"failing_for_s":4,)"
      R"("last_error":{"text":"no \"way\" [redacted]","ago_s":2}},)"
      R"({"name":"https://b.example","for":"preview",)"
      R"("running":{"preview":0,"visitor":0,"pass":0,"renewal":0,"refresh":0},)"
      R"("queued":{"preview":0,"visitor":0,"pass":0,"renewal":0,"refresh":0},"refused":0,"refreshes_dropped":0,)"
      R"("successes":0,"failures":0,"consecutive_failures":0,"state":"closed",)"
      R"("held_for_s":0,"opened":0,"failures_by":{},"well_for_s":5,)"
      R"("last_error":null}])");
}
