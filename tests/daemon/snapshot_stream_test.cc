// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin/snapshot_stream.h"

#include <catch2/catch_test_macros.hpp>

namespace larder::test {
namespace {

using std::chrono::milliseconds;

bool take(SnapshotStream& stream, std::string piece) {
  return stream.take(piece, milliseconds(1));
}

TEST_CASE("snapshot stream: pieces go out in order, behind one head, and their end ends it") {
  int woken = 0;
  SnapshotStream stream([&] { ++woken; });
  CHECK(!stream.next());
  CHECK(take(stream, "one"));
  CHECK(take(stream, "two"));
  CHECK(woken == 2);
  const auto first = stream.next();
  REQUIRE(first);
  CHECK(first->starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(first->ends_with("\r\n\r\none"));
  CHECK(first->find("Content-Length") == std::string::npos);
  CHECK(stream.next() == "two");
  CHECK(!stream.next());
  CHECK(!stream.is_over());
  stream.finish("end", SnapshotTotals{});
  CHECK(!stream.is_over());
  CHECK(stream.next() == "end");
  CHECK(stream.is_over());
  CHECK(woken == 3);
}

TEST_CASE("snapshot stream: it holds so many pieces, and takes one more when one has gone out") {
  SnapshotStream stream([] {});
  for (std::size_t i = 0; i < SnapshotStream::kMost; ++i) CHECK(take(stream, "x"));
  std::string more = "more";
  CHECK(!stream.take(more, milliseconds(1)));
  CHECK(more == "more");
  REQUIRE(stream.next());
  CHECK(stream.take(more, milliseconds(1)));
}

TEST_CASE("snapshot stream: once it is refused nothing is taken, and the first reason stays") {
  SnapshotStream stream([] {});
  CHECK(stream.refusal().empty());
  stream.refuse("gone");
  stream.refuse("stops");
  CHECK(stream.refusal() == "gone");
  CHECK(!take(stream, "x"));
}

TEST_CASE("snapshot stream: what fails before anything was sent is an error of HTTP, later not") {
  SnapshotStream early([] {});
  CHECK(take(early, "one"));
  early.finish("failed block", fail(Error::Code::full, "the store's room became short"));
  const auto error = early.next();
  REQUIRE(error);
  CHECK(error->starts_with("HTTP/1.1 503 "));
  CHECK(error->find("the store's room became short") != std::string::npos);
  CHECK(!early.next());
  CHECK(early.is_over());

  SnapshotStream late([] {});
  CHECK(take(late, "one"));
  CHECK(late.next());
  late.finish("failed block", fail(Error::Code::full, "room"));
  CHECK(late.next() == "failed block");
  CHECK(late.is_over());
}

}  // namespace
}  // namespace larder::test
