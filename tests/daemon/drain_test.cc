// SPDX-License-Identifier: Apache-2.0
#include "daemon/drain.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <vector>

using larder::Drain;
using State = larder::Drain::State;

TEST_CASE("drain: it takes its steps in order, and none twice", "[daemon]") {
  struct Step {
    std::string what;
    Drain::Sight sight;
    bool moves;
    State state;
  };
  Drain drain;
  CHECK_FALSE(drain.has_begun());
  CHECK_FALSE(drain.step({.now = {9'999}, .settled = true, .gone = true, .answered = true}));
  drain.begin({1'000}, 10'000);
  CHECK(drain.has_begun());
  CHECK(drain.until().ms == 11'000);
  const std::vector<Step> steps{
      {"something is under way", {.now = {1'100}}, false, State::open},
      {"workers are settled", {.now = {1'200}, .settled = true}, true, State::leaving},
      {"answers go out", {.now = {1'300}, .settled = true}, false, State::leaving},
      {"a worker that is late is waited for", {.now = {99'000}}, false, State::leaving},
      {"all have gone", {.now = {99'100}, .gone = true}, true, State::answering},
      {"a purge waits", {.now = {99'200}, .gone = true}, false, State::answering},
      {"it is answered", {.now = {99'300}, .gone = true, .answered = true}, true, State::over},
      {"over",
       {.now = {99'400}, .settled = true, .gone = true, .answered = true},
       false,
       State::over},
  };
  for (const Step& step : steps) {
    CAPTURE(step.what);
    CHECK(drain.step(step.sight) == step.moves);
    CHECK(Drain::name_of(drain.state()) == std::string(Drain::name_of(step.state)));
  }
}

TEST_CASE("drain: what takes too long is not waited for", "[daemon]") {
  Drain drain;
  drain.begin({1'000}, 10'000);
  CHECK_FALSE(drain.step({.now = {10'999}}));
  CHECK(drain.step({.now = {11'000}}));
  CHECK(drain.state() == State::leaving);
  CHECK(drain.step({.now = {11'100}, .gone = true}));
  CHECK_FALSE(drain.step({.now = {13'099}, .gone = true}));
  CHECK(drain.step({.now = {13'100}, .gone = true}));
  CHECK(drain.state() == State::over);
}

TEST_CASE("drain: one step leads to no more than one move", "[daemon]") {
  Drain drain;
  drain.begin({1'000}, 0);
  const Drain::Sight all{.now = {1'000}, .settled = true, .gone = true, .answered = true};
  for (const State state : {State::leaving, State::answering, State::over}) {
    CHECK(drain.step(all));
    CHECK(drain.state() == state);
  }
  CHECK_FALSE(drain.step(all));
}

TEST_CASE("drain: how it stands, as JSON", "[daemon]") {
  CHECK(larder::drain_json(State::open, {1'000}, {31'000}, 7) ==
        "{\"state\":\"open\",\"cut_off_in_ms\":30000,\"pid\":7}\n");
  CHECK(larder::drain_json(State::leaving, {9'000}, {8'000}, 7) ==
        "{\"state\":\"leaving\",\"cut_off_in_ms\":0,\"pid\":7}\n");
}
