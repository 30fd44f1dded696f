// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/feed_board.h"

#include <catch2/catch_test_macros.hpp>

using namespace larder;

TEST_CASE("feed board: feeds as JSON, without tokens", "[daemon]") {
  FeedBoard board;
  CHECK(board.json(MonotonicTime{0}) == "[]");
  FeedSnapshot followed;
  followed.name = {"blt1", "production", "main"};
  followed.state = "waiting";
  followed.complete_at = MonotonicTime{1'000};
  followed.polls = {
      {{"unchanged", 5}, {"changed", 4}, {"failed", 3}, {"limited", 2}, {"forgotten", 1}}};
  followed.purges = 4;
  followed.lag_ms = 700;
  followed.learning = true;
  FeedSnapshot failing;
  failing.name = {"blt1", "production", "live"};
  failing.state = "asking";
  failing.trouble = "no \"way\" cs0123456789abcdef01234567";
  board.show({followed, failing});
  CHECK(board.json(MonotonicTime{3'500}) ==
        R"([{"stack":"blt1","environment":"production","branch":"main","state":"waiting",)"
        R"("complete_ago_ms":2500,"unchanged":5,"changed":4,"failed":3,"limited":2,"forgotten":1,)"
        R"("purges":4,"lag_ms":700,"learning":true,"trouble":null},)"
        R"({"stack":"blt1","environment":"production","branch":"live","state":"asking",)"
        R"("complete_ago_ms":null,"":0,"":0,"":0,"":0,"":0,"purges":0,)"
        R"("lag_ms":0,"learning":false,"trouble":"no \"way\" [redacted]"}])");
  board.show({});
  CHECK(board.json(MonotonicTime{3'500}) == "[]");
}
