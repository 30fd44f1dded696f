// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/fill_table.h"

#include <catch2/catch_test_macros.hpp>
#include <memory>

#include "tests/daemon/fill_fakes.h"

using namespace larder;
using test::order_for;

namespace {

struct Fixture : test::FillFixture {
  FillTable table;
  std::uint64_t next = 1;

  Fill& add(const std::string& path) { return add(order_for({&out, next}, path)); }
  Fill& add(FillOrder order) {
    return table.add(std::make_unique<Fill>(around, settings, next++, std::move(order), 1));
  }
};

}  // namespace

TEST_CASE("fill table: a request finds the fill for its scope and canonical form", "[daemon]") {
  Fixture f;
  CHECK(f.table.current(order_for({}, "/a")) == nullptr);
  Fill& a = f.add("/a");
  Fill& b = f.add("/b");
  CHECK(f.table.current(order_for({}, "/a")) == &a);
  CHECK(f.table.current(order_for({}, "/b")) == &b);
  CHECK(f.table.current(order_for({}, "/c")) == nullptr);
  CHECK(f.table.size() == 2);
}

TEST_CASE("fill table: a collision of keys joins nobody to another's fill", "[daemon]") {
  Fixture f;
  Fill& a = f.add("/a");
  FillOrder other = order_for({}, "/a");
  SECTION("another canonical form") {
    other.canonical = "/other";
  }
  SECTION("another scope") {
    auto scope = std::make_shared<Scope>(*other.scope);
    scope->mac.bytes[31] ^= 1;
    other.scope = std::move(scope);
  }
  CHECK(f.table.current(other) == nullptr);
  Fill& b = f.add(other);
  CHECK(f.table.current(other) == &b);
  CHECK(f.table.current(order_for({}, "/a")) == &a);
  f.table.remove(a);
  CHECK(f.table.current(other) == &b);
}

TEST_CASE("fill table: nobody finds one that is retired; it stays until it is removed",
          "[daemon]") {
  Fixture f;
  Fill& first = f.add("/a");
  f.table.retire(first);
  CHECK(f.table.current(order_for({}, "/a")) == nullptr);
  CHECK(f.table.find(first.order().key, first.number()) == &first);
  Fill& second = f.add("/a");
  CHECK(f.table.current(order_for({}, "/a")) == &second);
  f.table.retire(first);
  CHECK(f.table.current(order_for({}, "/a")) == &second);
  f.table.remove(second);
  CHECK(f.table.current(order_for({}, "/a")) == nullptr);
  CHECK(f.table.size() == 1);
}

TEST_CASE("fill table: a newer fill for the same takes the place of the older", "[daemon]") {
  Fixture f;
  Fill& first = f.add("/a");
  Fill& second = f.add("/a");
  CHECK(f.table.current(order_for({}, "/a")) == &second);
  f.table.remove(first);
  CHECK(f.table.current(order_for({}, "/a")) == &second);
}

TEST_CASE("fill table: a fill is found by its number, not by another's of the key", "[daemon]") {
  Fixture f;
  Fill& fill = f.add("/a");
  const CacheKey key = fill.order().key;
  CHECK(f.table.find(key, fill.number()) == &fill);
  CHECK(f.table.find(key, fill.number() + 1) == nullptr);
  f.table.remove(fill);
  f.add("/a");
  CHECK(f.table.find(key, 1) == nullptr);
}

TEST_CASE("fill table: who waits where", "[daemon]") {
  Fixture f;
  test::FakeOut other;
  Fill& a = f.add("/a");
  Fill& b = f.add("/b");
  f.table.note_waiter({&f.out, 1}, a);
  f.table.note_waiter({&other, 1}, b);
  CHECK(f.table.of({&f.out, 1}) == &a);
  CHECK(f.table.of({&other, 1}) == &b);
  CHECK(f.table.of({&f.out, 2}) == nullptr);
  f.table.note_waiter({&f.out, 1}, b);
  CHECK(f.table.of({&f.out, 1}) == &b);
  f.table.forget_waiter({&f.out, 1});
  CHECK(f.table.of({&f.out, 1}) == nullptr);
}

TEST_CASE("fill table: every fill is visited, retired ones too", "[daemon]") {
  Fixture f;
  f.table.retire(f.add("/a"));
  f.add("/b");
  unsigned seen = 0;
  f.table.for_each([&](Fill&) { ++seen; });
  CHECK(seen == 2);
  f.table.clear();
  CHECK(f.table.size() == 0);
}
