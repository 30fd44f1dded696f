// SPDX-License-Identifier: Apache-2.0
#include "cache/store/leases.h"

#include <catch2/catch_test_macros.hpp>
#include <vector>

namespace larder::test {

using Taken = LeaseTable::Taken;

TEST_CASE("leases: an object is leased until its last lease has ended", "[leases]") {
  LeaseTable table;
  ReaderLease first;
  ReaderLease second;
  CHECK(table.take(7, 1, first) == Taken::yes);
  CHECK(table.take(7, 1, second) == Taken::yes);
  CHECK((first && first.is_of(7) && !first.is_of(8)));
  ReaderLease moved = std::move(first);
  CHECK_FALSE(first);
  moved.end();
  moved.end();
  CHECK(table.leased(7));
  second = ReaderLease();
  CHECK_FALSE(table.leased(7));
}

TEST_CASE("leases: what is leased cannot be removed", "[leases]") {
  LeaseTable table;
  ReaderLease lease;
  CHECK(table.take(7, 1, lease) == Taken::yes);
  CHECK_FALSE(table.begin_removal(7));
  CHECK_FALSE(table.begin_removal_of_all(false));
  lease.end();
  CHECK(table.begin_removal(7));
}

TEST_CASE("leases: nobody leases what is being removed", "[leases]") {
  LeaseTable table;
  ReaderLease lease;
  REQUIRE(table.begin_removal(7));
  CHECK(table.take(7, 4, lease) == Taken::outdated);
  CHECK_FALSE(lease);
  CHECK(table.take(8, 4, lease) == Taken::yes);
  SECTION("until that is rolled back") {
    table.rolled_back();
    CHECK(table.take(7, 4, lease) == Taken::yes);
  }
  SECTION("nor from a snapshot of before the removal") {
    table.removed(5);
    CHECK(table.take(7, 4, lease) == Taken::outdated);
    CHECK(table.take(9, 4, lease) == Taken::outdated);
    CHECK(table.take(9, 5, lease) == Taken::yes);
  }
  SECTION("another database counts its transactions anew") {
    table.removed(5);
    table.begin_anew();
    CHECK(table.take(9, 1, lease) == Taken::yes);
  }
}

TEST_CASE("leases: a removal of all stops every lease, by force those that there are too",
          "[leases]") {
  LeaseTable table;
  ReaderLease lease;
  REQUIRE(table.take(7, 1, lease) == Taken::yes);
  CHECK_FALSE(table.begin_removal_of_all(false));
  CHECK(table.begin_removal_of_all(true));
  ReaderLease other;
  CHECK(table.take(8, 1, other) == Taken::outdated);
  table.removed(2);
  CHECK(table.take(8, 2, other) == Taken::yes);
}

TEST_CASE("leases: beyond the bound a reader goes without", "[leases]") {
  LeaseTable table;
  std::vector<ReaderLease> leases(LeaseTable::kMaxObjects);
  for (std::size_t i = 0; i < leases.size(); ++i) {
    if (table.take(i, 1, leases[i]) != Taken::yes) FAIL("refused at " << i);
  }
  ReaderLease more;
  CHECK(table.take(leases.size(), 1, more) == Taken::full);
  CHECK_FALSE(more);
  CHECK(table.take(5, 1, more) == Taken::yes);  // an object that is leased already
}

}  // namespace larder::test
