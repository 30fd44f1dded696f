// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/slow_answers.h"

#include <catch2/catch_test_macros.hpp>
#include <set>

using namespace larder;

namespace {

using Indices = std::set<std::size_t>;

Indices beyond(const std::vector<SlowAnswer>& slow, std::size_t of_client, std::size_t of_host) {
  const auto found = slow_beyond(slow, of_client, of_host);
  return {found.begin(), found.end()};
}

}  // namespace

TEST_CASE("slow answers: nobody is cut off within both bounds", "[daemon]") {
  CHECK(beyond({}, 1, 1).empty());
  CHECK(beyond({{"h", "a", 5'000}, {"h", "b", 9'000}}, 1, 2).empty());
}

TEST_CASE("slow answers: of one client the longest waits go", "[daemon]") {
  const std::vector<SlowAnswer> slow{{"h", "a", 3'000},
                                     {"h", "a", 9'000},
                                     {"h", "b", 8'000},
                                     {"g", "a", 1'000},
                                     {"h", "a", 2'000}};
  CHECK(beyond(slow, 2, 100) == Indices{0, 1});
  CHECK(beyond(slow, 0, 100) == Indices{0, 1, 2, 3, 4});
}

TEST_CASE("slow answers: of one host the longest waits go, whoever they are of", "[daemon]") {
  const std::vector<SlowAnswer> slow{
      {"h", "a", 3'000}, {"h", "b", 9'000}, {"h", "", 4'000}, {"g", "c", 9'000}};
  CHECK(beyond(slow, 8, 2) == Indices{1});
  CHECK(beyond(slow, 8, 1) == Indices{1, 2});
}

TEST_CASE("slow answers: who has no address is bounded by the host alone", "[daemon]") {
  const std::vector<SlowAnswer> slow{{"h", "", 1'000}, {"h", "", 2'000}, {"h", "", 3'000}};
  CHECK(beyond(slow, 1, 3).empty());
  CHECK(beyond(slow, 1, 2) == Indices{2});
}
