// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/walk_state.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace larder;

namespace {

using State = WalkState::State;

const SyncReply kFine{200, "", 0};

SyncPage more(const std::string& token) {
  SyncPage page;
  page.pagination_token = token;
  return page;
}

SyncPage last() {
  SyncPage page;
  page.sync_token = "s";
  return page;
}

struct Walk {
  WalkQuestion ask() {
    REQUIRE(state.state() == State::waiting);
    now = std::max(now, state.due());
    const auto question = state.step(now);
    REQUIRE(question);
    return *question;
  }
  bool answer(const SyncPage& page) { return state.on_answer(kFine, page, now); }

  WalkState state;
  MonotonicTime now{1'000};
};

}  // namespace

TEST_CASE("walk state: page after page, until the last") {
  Walk walk;
  CHECK(walk.state.state() == State::resting);
  walk.state.want("", walk.now);
  CHECK(walk.ask().pagination_token.empty());
  CHECK_FALSE(walk.state.step(walk.now));
  CHECK(walk.answer(more("p1")));
  CHECK(walk.state.due().ms == walk.now.ms + WalkState::kPagePauseMs);
  CHECK_FALSE(walk.state.step(walk.now));
  CHECK(walk.ask().pagination_token == "p1");
  CHECK(walk.answer(last()));
  CHECK(walk.state.state() == State::resting);
}

TEST_CASE("walk state: content types one after the other, and all of them instead of some") {
  Walk walk;
  walk.state.want("page", walk.now);
  walk.state.want("blog", walk.now);
  CHECK(walk.ask().content_type == "blog");
  CHECK(walk.answer(last()));
  CHECK(walk.ask().content_type == "page");
  walk.state.want("", walk.now);
  CHECK_FALSE(walk.answer(last()));
  CHECK(walk.ask().content_type.empty());
  CHECK(walk.answer(last()));
  CHECK(walk.state.state() == State::resting);
}

TEST_CASE(
    "walk state: a page that a change has overtaken does not count, and the walk begins anew") {
  Walk walk;
  walk.state.want("", walk.now);
  walk.ask();
  CHECK(walk.answer(more("p1")));
  walk.ask();
  walk.state.want("blog", walk.now);
  CHECK_FALSE(walk.answer(more("p2")));
  const auto next = walk.ask();
  CHECK(next.content_type.empty());
  CHECK(next.pagination_token.empty());
}

TEST_CASE("walk state: after a failure it begins anew, later each time") {
  const auto [status, retry_after_s, page] =
      GENERATE(table<int, std::int64_t, std::optional<SyncPage>>({
          {0, 0, std::nullopt},
          {200, 0, std::nullopt},
          {200, 0, SyncPage{}},
          {422, 0, more("p9")},
          {429, 120, std::nullopt},
      }));
  CAPTURE(status, retry_after_s);
  Walk walk;
  walk.state.want("", walk.now);
  walk.ask();
  CHECK(walk.answer(more("p1")));
  Milliseconds before = 0;
  for (int i = 0; i < 12; ++i) {
    CAPTURE(i);
    CHECK(walk.ask().pagination_token == (i == 0 ? "p1" : ""));
    CHECK_FALSE(walk.state.on_answer({status, "", retry_after_s}, page, walk.now));
    const Milliseconds pause = walk.state.due().ms - walk.now.ms;
    CHECK(pause >= std::max<Milliseconds>(before, retry_after_s * 1'000));
    CHECK(pause >= WalkState::kFirstPauseMs);
    CHECK(pause <= WalkState::kMaxPauseMs);
    before = pause;
  }
}

TEST_CASE("walk state: stopped, it asks nothing more") {
  Walk walk;
  walk.state.want("", walk.now);
  walk.ask();
  CHECK(walk.answer(more("p1")));
  walk.state.stop();
  CHECK(walk.state.state() == State::resting);
  walk.state.want("", walk.now);
  CHECK(walk.ask().pagination_token.empty());
  walk.state.stop();
  CHECK_FALSE(walk.answer(more("p1")));
  CHECK(walk.state.state() == State::resting);
}

TEST_CASE("walk state: too many content types are all") {
  Walk walk;
  for (std::size_t i = 0; i <= WalkState::kMostWanted; ++i)
    walk.state.want("t" + std::to_string(i), walk.now);
  CHECK(walk.ask().content_type.empty());
  CHECK(walk.answer(last()));
  CHECK(walk.state.state() == State::resting);
}
