// SPDX-License-Identifier: Apache-2.0
#include "daemon/thread_rounds.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <vector>

using larder::ThreadRounds;
using Sights = std::vector<ThreadRounds::Sight>;
using Names = std::vector<std::string>;

TEST_CASE("thread rounds: a round is over when every thread has gone on since it began",
          "[daemon]") {
  struct Look {
    std::string what;
    Sights seen;
    bool over;
    Names late;
  };
  ThreadRounds rounds({"worker 0", "worker 1", "fetch", "writer"}, {0});
  const std::vector<Look> looks{
      {"none yet", Sights(4), false, {"worker 0", "worker 1", "fetch", "writer"}},
      {"some", {{1}, {0}, {5}, {0}}, false, {"worker 1", "writer"}},
      {"some go on twice", {{9}, {0}, {9}, {1}}, false, {"worker 1"}},
      {"the last one", {{9}, {1}, {9}, {1}}, true, {}},
      {"the same counts are no step",
       {{9}, {1}, {9}, {1}},
       false,
       {"worker 0", "worker 1", "fetch", "writer"}},
      {"the writer alone hangs", {{10}, {2}, {10}, {1}}, false, {"writer"}},
      {"however far the others get", {{99}, {99}, {99}, {1}}, false, {"writer"}},
      {"it goes on", {{99}, {99}, {99}, {2}}, true, {}},
      {"an ended thread is not waited for", {{100}, {99, true}, {100}, {3}}, true, {}},
      {"nor later", {{101}, {99, true}, {101}, {4}}, true, {}},
      {"all have ended but one", {{101, true}, {99, true}, {101, true}, {4}}, false, {"writer"}},
  };
  for (const Look& look : looks) {
    CAPTURE(look.what);
    CHECK(rounds.look({1}, look.seen) == look.over);
    CHECK(rounds.late() == look.late);
  }
}

TEST_CASE("thread rounds: each kind of thread that hangs keeps the round open", "[daemon]") {
  const auto hanging = GENERATE(0, 1, 2, 3);
  CAPTURE(hanging);
  const Names names{"worker 0", "worker 1", "fetch", "writer"};
  ThreadRounds rounds(names, {0});
  Sights seen(4);
  for (int turn = 0; turn < 100; ++turn) {
    for (int i = 0; i < 4; ++i) {
      if (i != hanging) ++seen[static_cast<std::size_t>(i)].steps;
    }
    CHECK_FALSE(rounds.look({turn}, seen));
    CHECK(rounds.late() == Names{names[static_cast<std::size_t>(hanging)]});
  }
}

TEST_CASE("thread rounds: they know how long the round lasts", "[daemon]") {
  ThreadRounds rounds(Names{"writer"}, {1'000});
  CHECK(rounds.lasted_ms({1'500}) == 500);
  CHECK_FALSE(rounds.look({2'000}, Sights(1)));
  CHECK(rounds.lasted_ms({2'500}) == 1'500);
  CHECK(rounds.look({3'000}, Sights{ThreadRounds::Sight{1}}));
  CHECK(rounds.lasted_ms({3'250}) == 250);
}

TEST_CASE("thread rounds: a lone main thread has rounds without anyone to wait for", "[daemon]") {
  ThreadRounds rounds(Names{}, {0});
  CHECK(rounds.look({1}, Sights{}));
}
