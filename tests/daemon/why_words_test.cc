// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/why_words.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "cache/http/response.h"
#include "upstream/origin_error.h"

using namespace larder;

TEST_CASE("why words: every reason has its own", "[daemon]") {
  for (std::size_t i = 1; i < kReasons; ++i) {
    CAPTURE(name_of(static_cast<Reason>(i)));
    CHECK_FALSE(words_for(static_cast<Reason>(i)).empty());
  }
  CHECK(words_for(Reason::none).empty());
  CHECK(words_for(Reason::looped).find("CDN-Loop") != std::string_view::npos);
  CHECK(words_for(Reason::other_branch).find("branch") != std::string_view::npos);
}

TEST_CASE("why words: everything that keeps an answer from the store or an origin from answering",
          "[daemon]") {
  for (std::size_t i = 1; i <= static_cast<std::size_t>(StoreVerdict::not_of_the_api); ++i) {
    const char* const word = name_of(static_cast<StoreVerdict>(i));
    CAPTURE(word);
    CHECK_FALSE(words_for_detail(word).empty());
  }
  for (std::size_t i = 0; i < kOriginCauses; ++i) {
    const char* const word = name_of(static_cast<OriginCause>(i));
    CAPTURE(word);
    CHECK_FALSE(words_for_detail(word).empty());
  }
}

TEST_CASE("why words: one line has the words and their names", "[daemon]") {
  CHECK(why_line("hit", Reason::fresh, "") == "hit: it is fresh in the store (fresh)");
  CHECK(why_line("miss", Reason::absent, "set_cookie") ==
        "miss: nothing of it is stored (absent); the answer was not stored: it sets a cookie "
        "(set_cookie)");
  CHECK(why_line("refused", Reason::no_token, "refused") == "refused: it has no token (no-token)");
  CHECK(why_line("failed", Reason::none, "connect") ==
        "failed: the origin takes no connection (connect)");
}
