// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/board.h"

#include <catch2/catch_test_macros.hpp>

using namespace larder::bench;

TEST_CASE("board: medians of each server, and ratios of larderd to each, round by round",
          "[bench]") {
  const std::vector<Column> columns{{"cpu_us", "CPU", 1, true}, {"p50_us", "p50", 1, false}};
  Board board;
  for (const double slowness : {1.0, 10.0, 1.0}) {
    board.add("larderd", {{"cpu_us", 3 * slowness}, {"p50_us", 7}});
    board.add("nginx", {{"cpu_us", 6 * slowness}, {"p50_us", 9}});
  }
  Json row = {{"body_bytes", 1'024}};
  board.report(columns, row);
  CHECK(row["body_bytes"] == 1'024);
  CHECK(row["servers"]["larderd"]["cpu_us"] == 3.0);
  CHECK(row["servers"]["nginx"]["cpu_us"] == 6.0);
  CHECK(row["servers"]["nginx"]["p50_us"] == 9.0);
  CHECK(row["larderd_to"]["nginx"]["cpu_us"] == 0.5);
  CHECK_FALSE(row["larderd_to"]["nginx"].contains("p50_us"));
  CHECK_FALSE(row["larderd_to"].contains("larderd"));
}

TEST_CASE("board: a figure that a server lacks is left out", "[bench]") {
  const std::vector<Column> columns{{"first_hit_ms", "first hit", 0, true}};
  Board board;
  board.add("larderd", {{"first_hit_ms", 20.0}});
  board.add("varnish", {{"kept", 0.0}});
  Json row;
  board.report(columns, row);
  CHECK(row["servers"]["varnish"].empty());
  CHECK_FALSE(row["larderd_to"].contains("varnish"));
}
