// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/board.h"

#include <cstdio>

#include "bench/run/statistics.h"

namespace larder::bench {
namespace {

constexpr const char* kOurs = "larderd";

std::string ratio_title(const Column& column) {
  return std::string("x ") + column.title;
}

void print_cell(const Json& from, const char* field, int decimals) {
  if (from.contains(field) && from[field].is_number()) {
    std::printf(" %14.*f", decimals, from[field].get<double>());
  } else {
    std::printf(" %14s", "-");
  }
}

}  // namespace

std::vector<double> Board::figures(const std::string& server, const char* field) const {
  std::vector<double> found;
  const auto rounds = rounds_.find(server);
  if (rounds == rounds_.end()) return found;
  for (const Json& round : rounds->second) {
    if (round.contains(field) && round[field].is_number()) found.push_back(round[field]);
  }
  return found;
}

void Board::report(const std::vector<Column>& columns, Json& row) const {
  for (const auto& [server, rounds] : rounds_) {
    Json medians = Json::object();
    Json ratios = Json::object();
    for (const Column& column : columns) {
      const std::vector<double> theirs = figures(server, column.field);
      if (theirs.empty()) continue;
      medians[column.field] = median(theirs);
      const std::vector<double> ours = figures(kOurs, column.field);
      if (column.compared && !ours.empty()) ratios[column.field] = median_ratio(ours, theirs);
    }
    row["servers"][server] = std::move(medians);
    if (server != kOurs && !ratios.empty()) row["larderd_to"][server] = std::move(ratios);
  }
}

void print_board(const std::string& heading, const std::vector<Column>& columns, const Json& row) {
  std::printf("%s\n  %-12s", heading.c_str(), "");
  for (const Column& column : columns) std::printf(" %14s", column.title);
  std::printf("  | larderd:");
  for (const Column& column : columns) {
    if (column.compared) std::printf(" %14s", ratio_title(column).c_str());
  }
  std::printf("\n");
  for (const auto& [name, server] : row["servers"].items()) {
    std::printf("  %-12s", name.c_str());
    for (const Column& column : columns) print_cell(server, column.field, column.decimals);
    std::printf("  |         ");
    const Json ratios =
        row.contains("larderd_to") ? row["larderd_to"].value(name, Json::object()) : Json::object();
    for (const Column& column : columns) {
      if (column.compared) print_cell(ratios, column.field, 3);
    }
    std::printf("\n");
  }
  std::fflush(stdout);
}

}  // namespace larder::bench
