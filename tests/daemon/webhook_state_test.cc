// SPDX-License-Identifier: Apache-2.0
#include "daemon/webhook/webhook_state.h"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <utility>

using namespace larder;

TEST_CASE("webhook state: exactly the moves of the drawing are legal", "[daemon]") {
  using S = WebhookState;
  const std::set<std::pair<S, S>> legal = {
      {S::head, S::body},         {S::head, S::answering}, {S::head, S::over},
      {S::body, S::purging},      {S::body, S::answering}, {S::body, S::over},
      {S::purging, S::answering}, {S::purging, S::over},   {S::answering, S::lingering},
      {S::answering, S::over},    {S::lingering, S::over}};
  for (int from = 0; from <= static_cast<int>(S::over); ++from) {
    for (int to = 0; to <= static_cast<int>(S::over); ++to) {
      CAPTURE(from, to);
      const auto a = static_cast<S>(from);
      const auto b = static_cast<S>(to);
      CHECK(is_legal(a, b) == legal.contains({a, b}));
    }
  }
}
