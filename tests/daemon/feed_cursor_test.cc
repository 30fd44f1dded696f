// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/feed_cursor.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace larder;

TEST_CASE("feed cursor: what was written is read again") {
  const auto cursor = GENERATE(values<FeedCursor>({
      {"blt1", false, {}, 0},
      {"a token with blanks", true, {1'577'836'802'000}, 0xffffffffffffffffu},
  }));
  CHECK(parse_feed_cursor(to_text(cursor)) == cursor);
}

TEST_CASE("feed cursor: another text is none") {
  const auto text = GENERATE(
      values<std::string>({"", "1", "2 0 0 poll blt1", "1 x 0 poll blt1", "1 0 -1 poll blt1",
                           "1 0 0 else blt1", "1 0 0 poll ", "1 0 0 poll"}));
  CAPTURE(text);
  CHECK_FALSE(parse_feed_cursor(text));
  CHECK_FALSE(parse_feed_cursor("1 0 0 poll " + std::string(2'000, 'a')));
}
