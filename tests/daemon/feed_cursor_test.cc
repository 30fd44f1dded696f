// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/feed_cursor.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace larder;

TEST_CASE("feed cursor: what was written is read again") {
  const auto cursor = GENERATE(values<FeedCursor>({
      {"blt1", false, {}, 0},
      {"a token with blanks", true, {1'577'836'802'000}, 0xffffffffffffffffu},
      {"blt1", false, {5}, 0, {{"blog", {7}}, {"page", {1'577'836'802'000}}}},
  }));
  CHECK(parse_feed_cursor(to_text(cursor)) == cursor);
}

TEST_CASE("feed cursor: another text is none") {
  const auto text = GENERATE(values<std::string>(
      {"", "1", "1 0 0 poll blt1", "2 x 0 - poll blt1", "2 0 -1 - poll blt1", "2 0 0 poll blt1",
       "2 0 0 blog poll blt1", "2 0 0 :5 poll blt1", "2 0 0 blog:x poll blt1", "2 0 0 - else blt1",
       "2 0 0 - poll ", "2 0 0 - poll"}));
  CAPTURE(text);
  CHECK_FALSE(parse_feed_cursor(text));
  CHECK_FALSE(parse_feed_cursor("2 0 0 - poll " + std::string(2'000, 'a')));
}

TEST_CASE("feed cursor: what is no uid of a content type is left out") {
  const FeedCursor cursor{"blt1", false, {5}, 0, {{"a b", {7}}, {"c:d", {8}}, {"e,f", {9}}}};
  CHECK(parse_feed_cursor(to_text(cursor)) == FeedCursor{"blt1", false, {5}, 0});
}
