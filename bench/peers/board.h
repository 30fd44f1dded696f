// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/run/json.h"

namespace larder::bench {

/// A figure of a comparison.
struct Column {
  const char* field;
  const char* title;
  int decimals = 1;
  bool compared = false;  ///< a ratio is worth showing
};

/// What several servers did, round by round.
class Board {
 public:
  void add(const std::string& server, Json round) { rounds_[server].push_back(std::move(round)); }
  /// Adds to `row`: medians under "servers", and under "larderd_to" the medians over rounds of
  /// larderd's figure divided by each other server's. Figures that a server lacks are left out.
  void report(const std::vector<Column>& columns, Json& row) const;

 private:
  std::vector<double> figures(const std::string& server, const char* field) const;

  std::map<std::string, std::vector<Json>> rounds_;
};

/// The row as a table under a heading.
void print_board(const std::string& heading, const std::vector<Column>& columns, const Json& row);

}  // namespace larder::bench
