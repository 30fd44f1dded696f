// SPDX-License-Identifier: Apache-2.0
#include "daemon/client/turn_line.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace larder;

namespace {

/// Writes its name when its turn comes, and spends.
struct Taker final : TurnTaker {
  Taker(TurnLine& its_line, std::string& its_log, char its_name, std::size_t its_bytes = 0)
      : line(its_line), log(its_log), name(its_name), bytes(its_bytes) {}
  void on_turn() override {
    log += name;
    line.spend(bytes);
    if (enters_again) line.enter(*this);
  }
  TurnLine& line;
  std::string& log;
  const char name;
  const std::size_t bytes;
  bool enters_again = false;
};

}  // namespace

TEST_CASE("turn line: a turn is spent at its bytes, and the next one begins anew", "[daemon]") {
  TurnLine line;
  line.spend(TurnLine::kTurnBytes - 1);
  CHECK_FALSE(line.is_spent());
  line.spend(1);
  CHECK(line.is_spent());
  line.begin_turn();
  CHECK_FALSE(line.is_spent());
}

TEST_CASE("turn line: those in line go on in the order in which they came", "[daemon]") {
  TurnLine line;
  std::string log;
  Taker a(line, log, 'a'), b(line, log, 'b'), c(line, log, 'c');
  for (auto* taker : {&b, &c, &a}) CHECK(line.enter(*taker) != 0);
  line.run();
  CHECK(log == "bca");
  CHECK(line.is_empty());
}

TEST_CASE("turn line: what does not fit into a turn waits for the next, at the front", "[daemon]") {
  TurnLine line;
  std::string log;
  Taker a(line, log, 'a', TurnLine::kTurnBytes / 2), b(line, log, 'b', TurnLine::kTurnBytes);
  Taker c(line, log, 'c');
  for (auto* taker : {&a, &b, &c}) line.enter(*taker);
  line.run();
  CHECK(log == "ab");
  line.run();
  CHECK(log == "ab");
  line.begin_turn();
  line.run();
  CHECK(log == "abc");
}

TEST_CASE("turn line: who enters again while it runs waits for the next run", "[daemon]") {
  TurnLine line;
  std::string log;
  Taker a(line, log, 'a'), b(line, log, 'b');
  a.enters_again = true;
  line.enter(a);
  line.enter(b);
  line.run();
  CHECK(log == "ab");
  line.run();
  CHECK(log == "aba");
}

TEST_CASE("turn line: who has left gets no turn", "[daemon]") {
  TurnLine line;
  std::string log;
  Taker a(line, log, 'a'), b(line, log, 'b');
  const auto place = line.enter(a);
  line.enter(b);
  line.leave(place);
  line.run();
  CHECK(log == "b");
}
