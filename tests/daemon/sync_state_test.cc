// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/sync_state.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <utility>

using namespace larder;

namespace {

using What = SyncQuestion::What;
using Result = SyncState::Result;
using State = SyncState::State;

constexpr WallTime kWall{1'700'000'000'000};
constexpr Milliseconds kInterval = 2'000;

/// One state, its time, and short words for what the origin answers.
struct Feed {
  explicit Feed(std::optional<std::string> position = std::nullopt)
      : state(kInterval, position, 1, MonotonicTime{1'000}) {}

  SyncQuestion ask() {
    now = std::max(now, state.due());
    const auto question = state.step(now, kWall);
    REQUIRE(question);
    return *question;
  }
  /// `next`: `page:TOKEN` or `poll:TOKEN`
  static SyncPage page(const std::string& next, std::vector<SyncEvent> events = {}) {
    SyncPage page;
    page.lists_items = true;
    (next.starts_with("page:") ? page.pagination_token : page.sync_token) = next.substr(5);
    page.events = std::move(events);
    return page;
  }
  std::optional<SyncPurge> answer(SyncPage page) {
    return state.on_answer({200, "", 0}, std::move(page), now, kWall);
  }
  std::optional<SyncPurge> answer(ActivityPage activity) {
    return state.on_answer({200, "", 0}, std::move(activity), now);
  }
  void refuse(SyncReply reply) { state.on_answer(reply, std::optional<SyncPage>(), now, kWall); }
  void refuse_141(bool blames_credential = false) {
    SyncPage page;
    page.error_code = 141;
    page.blames_credential = blames_credential;
    CHECK_FALSE(state.on_answer({422, "", 0}, page, now, kWall));
  }
  /// Until the first poll of a new synchronisation.
  void begin() {
    CHECK(ask().what == What::activity);
    CHECK_FALSE(answer(activity({{"blog", {1'000}}})));
    CHECK(ask().what == What::init);
    const auto purge = answer(page("poll:t1"));
    REQUIRE(purge);
    CHECK(purge->all);
    state.on_purged(true, now);
  }
  static ActivityPage activity(std::vector<ActivityPage::Type> types) {
    ActivityPage page;
    page.types = std::move(types);
    page.fingerprint = 5;
    return page;
  }

  MonotonicTime now{1'000};
  SyncState state;
};

SyncEvent event(const std::string& uid, std::int64_t at_ms = 5'000) {
  return {{ContentChange::What::entry, "blog", uid, ContentChange::Action::published, "en-us"},
          {at_ms}};
}

}  // namespace

TEST_CASE("sync state: without a position all of the scope goes once, with the first position") {
  Feed feed(GENERATE(as<std::optional<std::string>>(), std::nullopt, "broken"));
  CHECK(feed.ask().what == What::activity);
  CHECK_FALSE(feed.answer(Feed::activity({{"blog", {7'000}}})));
  const auto init = feed.ask();
  CHECK(init.what == What::init);
  CHECK(init.start_from.ms == kWall.ms - SyncState::kMarginMs);
  const auto purge = feed.answer(Feed::page("page:p2", {event("e1")}));
  REQUIRE(purge);
  CHECK(purge->all);
  CHECK(purge->missed);
  CHECK(purge->changes.empty());
  CHECK(parse_feed_cursor(purge->position) == FeedCursor{"p2", true, {7'000}, 0});
  CHECK(feed.state.state() == State::committing);
  CHECK_FALSE(feed.state.complete_at());
}

TEST_CASE("sync state: the next page is asked for when the purge of this one is durable") {
  Feed feed(to_text({"t1", false, {1'000}, 0}));
  CHECK(feed.ask().token == "t1");
  const auto first = feed.answer(Feed::page("page:p2", {event("e1", 9'000), event("e2", 4'000)}));
  REQUIRE(first);
  CHECK_FALSE(first->all);
  CHECK(first->changes.size() == 2);
  CHECK(first->happened.ms == 4'000);
  CHECK(first->newest.ms == 9'000);
  CHECK(parse_feed_cursor(first->position)->token == "p2");
  feed.now.ms += 3'600'000;
  CHECK_FALSE(feed.state.step(feed.now, kWall));

  SECTION("durable") {
    feed.state.on_purged(true, feed.now);
    CHECK(feed.state.due() == feed.now);
    const auto next = feed.ask();
    CHECK(next.what == What::page);
    CHECK(next.token == "p2");
  }
  SECTION("not durable: the same page again, later") {
    feed.state.on_purged(false, feed.now);
    CHECK(feed.state.due().ms >= feed.now.ms + kInterval);
    CHECK(feed.state.last_result() == Result::failed);
    const auto again = feed.ask();
    CHECK(again.what == What::poll);
    CHECK(again.token == "t1");
  }
  SECTION("a crash: the position that was kept is where it goes on") {
    Feed after(first->position);
    const auto next = after.ask();
    CHECK(next.what == What::page);
    CHECK(next.token == "p2");
  }
}

TEST_CASE("sync state: an empty answer is no purge, and the next poll is an interval later") {
  Feed feed;
  feed.begin();
  CHECK(feed.state.complete_at() == feed.now);
  CHECK(feed.state.due().ms == feed.now.ms + kInterval);
  const auto first = feed.ask();
  CHECK(first.what == What::poll);
  CHECK(first.token == "t1");
  CHECK_FALSE(feed.answer(Feed::page("poll:t2")));
  CHECK(feed.state.last_result() == Result::unchanged);
  CHECK(feed.state.complete_at() == feed.now);
  const auto second = feed.ask();
  CHECK(second.token == "t2");
  CHECK(second.number != first.number);
}

TEST_CASE("sync state: an event of the future happens now, and a coarse page takes the scope") {
  Feed feed;
  feed.begin();
  feed.ask();
  auto page = Feed::page("poll:t2", {event("e1", kWall.ms + 60'000)});
  page.coarse = true;
  const auto purge = feed.answer(page);
  REQUIRE(purge);
  CHECK(purge->all);
  CHECK_FALSE(purge->missed);
  CHECK(purge->happened == kWall);
}

TEST_CASE("sync state: failures are asked again, later and later, within bounds") {
  Feed feed;
  feed.begin();
  Milliseconds last = 0;
  for (unsigned i = 1; i <= 12; ++i) {
    feed.ask();
    feed.refuse({503, "", 0});
    const Milliseconds pause = feed.state.due().ms - feed.now.ms;
    const Milliseconds whole = std::min(kInterval << i, SyncState::kMaxPauseMs);
    CHECK(pause <= whole);
    CHECK(pause >= whole - whole / 4);
    CHECK(pause >= std::min<Milliseconds>(last, 45'000));
    last = pause;
    CHECK(feed.state.failures() == i);
    CHECK(feed.state.trouble() == "the origin answered 503");
  }
  feed.ask();
  CHECK_FALSE(feed.answer(Feed::page("poll:t1")));
  CHECK(feed.state.failures() == 0);
  CHECK(feed.state.trouble().empty());
}

TEST_CASE("sync state: what is no answer is a failure of its kind") {
  struct Case {
    std::string name;
    SyncReply reply;
    Result result;
    Milliseconds least_ms;
  };
  const auto c = GENERATE(values<Case>({
      {"429", {429, "", 0}, Result::limited, 3'000},
      {"429 with Retry-After", {429, "", 30}, Result::limited, 30'000},
      {"503 with Retry-After", {503, "", 30}, Result::failed, 30'000},
      {"Retry-After without end", {429, "", INT64_MAX}, Result::limited, 60'000},
      {"its host is open", {0, "the host is open", 5}, Result::limited, 5'000},
      {"broken", {0, "the connection broke", 0}, Result::failed, 3'000},
      {"not found", {404, "", 0}, Result::failed, 3'000},
      {"a 200 that cannot be read", {200, "", 0}, Result::failed, 3'000},
  }));
  DYNAMIC_SECTION(c.name) {
    Feed feed;
    feed.begin();
    feed.ask();
    feed.refuse(c.reply);
    CHECK(feed.state.last_result() == c.result);
    CHECK(feed.state.due().ms >= feed.now.ms + c.least_ms);
    CHECK(feed.state.due().ms <= feed.now.ms + SyncState::kMaxPauseMs);
    CHECK_FALSE(feed.state.trouble().empty());
    CHECK(feed.ask().token == "t1");
  }
}

TEST_CASE("sync state: a page with both tokens, with none or without items is none") {
  Feed feed;
  feed.begin();
  feed.ask();
  auto page = Feed::page("poll:t2");
  const auto what = GENERATE(0, 1, 2);
  if (what == 0) page.pagination_token = "p1";
  if (what == 1) page.sync_token.clear();
  if (what == 2) page.lists_items = false;
  CHECK_FALSE(feed.answer(page));
  CHECK(feed.state.last_result() == Result::failed);
  CHECK(feed.ask().token == "t1");
}

TEST_CASE("sync state: pages without end are asked for at the pace of polls, and no page twice") {
  Feed feed(to_text({"p1", true, {}, 0}));
  CHECK(feed.ask().what == What::page);
  CHECK_FALSE(feed.answer(Feed::page("page:p2")));
  CHECK(feed.state.due().ms == feed.now.ms + kInterval);
  CHECK(feed.ask().token == "p2");
  CHECK_FALSE(feed.answer(Feed::page("page:p2", {event("e1")})));
  CHECK(feed.state.last_result() == Result::failed);
  CHECK(feed.state.due().ms > feed.now.ms);
}

TEST_CASE("sync state: a forgotten position begins anew, and takes all of the scope") {
  Feed feed;
  feed.begin();
  feed.ask();
  SECTION("of a poll") {
    feed.refuse_141();
  }
  SECTION("of a page") {
    REQUIRE(feed.answer(Feed::page("page:p2", {event("e1")})));
    feed.state.on_purged(true, feed.now);
    CHECK(feed.ask().what == What::page);
    feed.refuse_141();
  }
  CHECK(feed.state.last_result() == Result::forgotten);
  feed.begin();
  CHECK(feed.state.failures() == 0);
}

TEST_CASE("sync state: error 141 of a credential, or of a beginning, forgets nothing") {
  SECTION("of a credential") {
    Feed feed;
    feed.begin();
    feed.ask();
    feed.refuse_141(true);
    CHECK(feed.state.last_result() == Result::failed);
    CHECK(feed.ask().token == "t1");
  }
  SECTION("of a beginning") {
    Feed feed;
    feed.ask();
    CHECK_FALSE(feed.answer(Feed::activity({})));
    CHECK(feed.ask().what == What::init);
    feed.refuse_141();
    CHECK(feed.state.last_result() == Result::failed);
    CHECK(feed.state.trouble() == "the origin answered 422 (error 141)");
    CHECK(feed.ask().what == What::init);
  }
}

TEST_CASE("sync state: what sync has told before a start is no edited schema after it") {
  Feed before(to_text({"t1", false, {5'000}, 0}));
  CHECK(before.ask().what == What::poll);
  const auto purge = before.answer(Feed::page("poll:t2", {event("e1", 8'000)}));
  REQUIRE(purge);
  Feed after(purge->position);
  CHECK(after.ask().what == What::poll);
  CHECK_FALSE(after.answer(Feed::page("poll:t2")));
  CHECK(after.ask().what == What::activity);
  CHECK_FALSE(after.answer(Feed::activity({{"blog", {8'000}}})));
  CHECK(after.state.complete_at());
  CHECK(after.ask().what == What::poll);
  CHECK_FALSE(after.answer(Feed::page("poll:t2")));
}

TEST_CASE("sync state: after the first poll of a start, and then from time to time, schemas") {
  Feed feed(to_text({"t1", false, {5'000}, 0}));
  CHECK(feed.ask().what == What::poll);
  REQUIRE(feed.answer(Feed::page("poll:t2", {event("e1", 8'000)})));
  feed.state.on_purged(true, feed.now);
  CHECK_FALSE(feed.state.complete_at());
  CHECK(feed.ask().what == What::activity);
  // That of blog is the event of above. Of page sync may tell with the next poll.
  const auto activity = Feed::activity({{"blog", {8'000}}, {"page", {6'000}}, {"old", {5'000}}});
  CHECK_FALSE(feed.answer(activity));
  CHECK_FALSE(feed.state.complete_at());
  CHECK(feed.ask().what == What::poll);
  CHECK_FALSE(feed.answer(Feed::page("poll:t2")));
  CHECK(feed.ask().what == What::activity);
  const auto purge = feed.answer(activity);
  REQUIRE(purge);
  CHECK_FALSE(purge->all);
  REQUIRE(purge->changes.size() == 1);
  CHECK(purge->changes[0].what == ContentChange::What::content_type);
  CHECK(purge->changes[0].uid == "page");
  CHECK(purge->happened.ms == 6'000);
  CHECK(purge->newest.ms == 6'000);
  CHECK(parse_feed_cursor(purge->position) == FeedCursor{"t2", false, {8'000}, 0});
  feed.state.on_purged(true, feed.now);
  CHECK(feed.state.complete_at() == feed.now);
  for (unsigned i = 0; i < SyncState::kPollsForActivity; ++i) {
    CHECK(feed.ask().what == What::poll);
    CHECK_FALSE(feed.answer(Feed::page("poll:t2")));
  }
  CHECK(feed.ask().what == What::activity);
  CHECK_FALSE(feed.answer(Feed::activity({{"blog", {8'000}}})));
}

TEST_CASE("sync state: what is published between a poll and a look is no edited schema") {
  Feed feed(to_text({"t1", false, {5'000}, 0}));
  feed.ask();
  CHECK_FALSE(feed.answer(Feed::page("poll:t1")));
  CHECK(feed.ask().what == What::activity);
  CHECK_FALSE(feed.answer(Feed::activity({{"blog", {8'000}}})));
  CHECK(feed.ask().what == What::poll);
  REQUIRE(feed.answer(Feed::page("poll:t2", {event("e1", 8'000)})));
  feed.state.on_purged(true, feed.now);
  CHECK(feed.ask().what == What::activity);
  // And once more meanwhile.
  CHECK_FALSE(feed.answer(Feed::activity({{"blog", {11'000}}})));
  CHECK(feed.ask().what == What::poll);
  REQUIRE(feed.answer(Feed::page("poll:t3", {event("e2", 11'000)})));
  feed.state.on_purged(true, feed.now);
  CHECK(feed.ask().what == What::activity);
  CHECK_FALSE(feed.answer(Feed::activity({{"blog", {11'000}}})));
  CHECK(feed.state.complete_at());
}

TEST_CASE("sync state: activities of a shape that larder does not know are compared as a whole") {
  Feed feed(to_text({"t1", false, {}, 9}));
  feed.ask();
  feed.answer(Feed::page("poll:t1"));
  ActivityPage odd;
  odd.followed = false;
  odd.fingerprint = GENERATE(9u, 8u);
  const bool differs = odd.fingerprint != 9u;
  CHECK(feed.ask().what == What::activity);
  const auto purge = feed.answer(odd);
  CHECK(purge.has_value() == differs);
  if (purge) CHECK(purge->all);
}

TEST_CASE("sync state: content types are asked for page by page") {
  Feed feed;
  std::vector<ActivityPage::Type> hundred(SyncState::kActivityPage, {"blog", {3'000}});
  CHECK(feed.ask().skip == 0);
  CHECK_FALSE(feed.answer(Feed::activity(hundred)));
  CHECK(feed.state.due() == feed.now);
  const auto second = feed.ask();
  CHECK(second.what == What::activity);
  CHECK(second.skip == 100);
  CHECK_FALSE(feed.answer(Feed::activity({{"page", {4'000}}})));
  CHECK(feed.ask().what == What::init);
  CHECK(parse_feed_cursor(feed.answer(Feed::page("poll:t1"))->position)->activity.ms == 4'000);
}

TEST_CASE("sync state: an origin that knows no activities is followed without") {
  Feed feed;
  CHECK(feed.ask().what == What::activity);
  feed.state.on_answer({404, "", 0}, std::optional<ActivityPage>(), feed.now);
  CHECK(feed.ask().what == What::init);
  REQUIRE(feed.answer(Feed::page("poll:t1")));
  feed.state.on_purged(true, feed.now);
  CHECK(feed.state.complete_at());
}

TEST_CASE("sync state: looks at content types that are refused are counted, and hold up nothing") {
  Feed feed(to_text({"t1", false, {}, 0}));
  feed.ask();
  feed.answer(Feed::page("poll:t1"));
  CHECK(feed.ask().what == What::activity);
  feed.state.on_answer({403, "", 0}, std::optional<ActivityPage>(), feed.now);
  CHECK(feed.state.last_result() == Result::failed);
  CHECK(feed.state.failures() == 0);
  CHECK(feed.state.complete_at());
  CHECK(feed.state.due() == feed.now);
  CHECK(feed.ask().what == What::poll);
}

TEST_CASE("sync state: looks that fail again and again do not keep a feed from being up to date") {
  Feed feed(to_text({"t1", false, {}, 0}));
  for (unsigned i = 0; i < SyncState::kLooks; ++i) {
    CHECK(feed.ask().what == What::poll);
    CHECK_FALSE(feed.answer(Feed::page("poll:t1")));
    CHECK_FALSE(feed.state.complete_at());
    CHECK(feed.ask().what == What::activity);
    feed.state.on_answer({503, "", 0}, std::optional<ActivityPage>(), feed.now);
  }
  CHECK(feed.ask().what == What::poll);
  CHECK_FALSE(feed.answer(Feed::page("poll:t1")));
  CHECK(feed.state.complete_at());
}

TEST_CASE("sync state: a failed look at content types does not hold up sync") {
  Feed feed(to_text({"t1", false, {}, 0}));
  feed.ask();
  feed.answer(Feed::page("poll:t1"));
  CHECK(feed.ask().what == What::activity);
  feed.state.on_answer({503, "", 0}, std::optional<ActivityPage>(), feed.now);
  CHECK(feed.ask().what == What::poll);
  CHECK_FALSE(feed.answer(Feed::page("poll:t1")));
  CHECK(feed.ask().what == What::activity);
}
