// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/reference_walk.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/upstream/fake_transfers.h"

using namespace larder;

namespace {

const FeedConfig kFeed{{"blt1", "production", "main"},
                       "https://cdn.example",
                       Secret("cs-token"),
                       1'000,
                       "CDN-Loop: larder-x"};

const std::string kPage =
    R"({"items":[{"type":"entry_published","content_type_uid":"blog","data":{"uid":"a","locale":"en-us",
       "_version":1,"updated_at":"2026","author":[{"uid":"b","_content_type_uid":"author"}]}}],)";

struct Walk {
  Walk()
      : walk(transfers, 10,
             {.know =
                  [this](std::vector<RawEntry> entries, MonotonicTime) {
                    known += entries.size();
                    return goes_on;
                  },
              .held_for_s = [this] { return held_s; },
              .on_due_changed = [this] { ++told; }}) {}

  std::size_t ask() {
    REQUIRE(walk.due());
    walk.step(kFeed, *walk.due());
    return transfers.count() - 1;
  }
  std::string url(std::size_t number) const { return transfers.at(number).request.url; }

  test::FakeTransfers transfers;
  std::size_t known = 0;
  bool goes_on = true;
  Seconds held_s = 0;
  int told = 0;
  ReferenceWalk walk;
};

}  // namespace

TEST_CASE("reference walk: asks for all published entries, as a refresh, page by page") {
  Walk w;
  CHECK_FALSE(w.walk.due());
  w.walk.want("");
  const auto first = w.ask();
  CHECK(w.url(first) ==
        "https://cdn.example/v3/stacks/sync?environment=production&init=true&type=entry_published&"
        "larder_poll=11");
  CHECK(w.transfers.at(first).lane == Lane::refresh);
  w.transfers.answer(first, 200, {}, kPage + R"("pagination_token":"p 1"})");
  CHECK(w.known == 1);
  const auto second = w.ask();
  CHECK(w.url(second).find("pagination_token=p%201&") != std::string::npos);
  w.transfers.answer(second, 200, {}, kPage + R"("sync_token":"s"})");
  CHECK(w.known == 2);
  CHECK_FALSE(w.walk.due());
  CHECK(w.told == 2);
}

TEST_CASE("reference walk: asks for one content type alone") {
  Walk w;
  w.walk.want("blog");
  CHECK(w.url(w.ask()).find("&content_type_uid=blog&") != std::string::npos);
}

TEST_CASE("reference walk: an answer that broke off teaches nothing, and is asked for again") {
  Walk w;
  w.walk.want("");
  const auto first = w.ask();
  w.transfers.head(first, 200, {}, kPage);
  w.transfers.fail(first);
  CHECK(w.known == 0);
  CHECK(w.walk.due());
}

TEST_CASE("reference walk: while the host wants to be left alone, nothing is asked") {
  Walk w;
  w.held_s = 500;
  w.walk.want("");
  w.walk.step(kFeed, *w.walk.due());
  CHECK(w.transfers.count() == 0);
  CHECK(w.walk.due()->ms >= monotonic_now().ms + 490'000);
}

TEST_CASE("reference walk: ends when there is no room for more") {
  Walk w;
  w.goes_on = false;
  w.walk.want("");
  w.transfers.answer(w.ask(), 200, {}, kPage + R"("pagination_token":"p1"})");
  CHECK(w.known == 1);
  CHECK_FALSE(w.walk.due());
}
