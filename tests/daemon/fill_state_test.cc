// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/fill_state.h"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace larder;

TEST_CASE("fill: only the moves of its table are legal", "[daemon]") {
  constexpr std::array kAll = {FillState::requested, FillState::held_back,  FillState::keeping,
                               FillState::passing,   FillState::committing, FillState::over};
  std::string moves;
  for (const FillState from : kAll) {
    for (const FillState to : kAll) {
      if (is_legal(from, to)) {
        moves += std::string(name_of(from)) + " > " + name_of(to) + "\n";
      }
    }
  }
  CHECK(moves ==
        "requested > held back\nrequested > keeping\nrequested > passing\nrequested > over\n"
        "held back > passing\nheld back > over\n"
        "keeping > passing\nkeeping > committing\nkeeping > over\n"
        "passing > over\ncommitting > over\n");
}
