// SPDX-License-Identifier: Apache-2.0
#include "cache/store/snapshot_format.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <tuple>
#include <vector>

#include "cache/store/format.h"
#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

using SnapshotRow = std::tuple<SnapshotTable, std::string, std::string>;

SnapshotHeader header() {
  return {kFormatVersion, 4096, {1'700'000'000'123}, secret_of(9)};
}

std::vector<SnapshotRow> some_rows() {
  std::vector<SnapshotRow> rows;
  for (unsigned i = 0; i < 20; ++i) {
    rows.emplace_back(SnapshotTable::objects, "object " + std::to_string(i), body_of(i, i * 40));
  }
  rows.emplace_back(SnapshotTable::chunks, "chunk", body_of(7, 600'000));
  rows.emplace_back(SnapshotTable::meta, "format", std::string("\0\1\2", 3));
  return rows;
}

std::string encoded(const std::vector<SnapshotRow>& rows, const SnapshotHeader& with = header()) {
  SnapshotEncoder encoder(with);
  for (const auto& [table, key, value] : rows) encoder.add(table, key, value);
  encoder.end();
  const std::string bytes = encoder.take();
  CHECK(encoder.totals().bytes == bytes.size());
  return bytes;
}

struct Scan {
  std::optional<SnapshotHeader> header;
  std::vector<SnapshotRow> rows;
  Result<SnapshotTotals> end;
};

Scan scan(std::string_view bytes, std::size_t step = 1'000) {
  Scan seen;
  SnapshotScanner scanner(
      {.on_header =
           [&](const SnapshotHeader& one) {
             seen.header = one;
             return Result<void>();
           },
       .on_row =
           [&](SnapshotTable table, std::string_view key, std::string_view value) {
             seen.rows.emplace_back(table, key, value);
             return Result<void>();
           }});
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
    if (!scanner.feed(bytes.substr(0, step))) break;
  }
  seen.end = scanner.finish();
  return seen;
}

TEST_CASE("snapshot format: what was put in comes out, however it is cut") {
  const auto rows = some_rows();
  const std::string bytes = encoded(rows);
  const std::size_t step = GENERATE(1, 7, 4'096, 10'000'000);
  CAPTURE(step);
  const Scan seen = scan(bytes, step);
  REQUIRE(seen.end);
  CHECK(seen.rows == rows);
  CHECK(seen.end->objects == 20);
  CHECK(seen.end->rows == rows.size());
  CHECK(seen.end->bytes == bytes.size());
  REQUIRE(seen.header);
  CHECK(seen.header->taken == header().taken);
  CHECK(seen.header->page_bytes == 4096);
  CHECK(seen.header->secret.bytes == header().secret.bytes);
}

TEST_CASE("snapshot format: one that is cut short is told as truncated, wherever it ends") {
  const std::string bytes = encoded(some_rows());
  for (std::size_t length = 0; length < bytes.size();
       length += length < 2'000 ? 1 : bytes.size() / 50) {
    const Scan seen = scan(std::string_view(bytes).substr(0, length), 64 * 1'024);
    CAPTURE(length);
    REQUIRE(!seen.end);
    CHECK(seen.end.error().code == Error::Code::corrupt);
    CHECK(seen.end.error().context.find("truncated") != std::string::npos);
  }
}

TEST_CASE("snapshot format: no flipped bit is taken, and no row of its block is handed out") {
  const auto rows = some_rows();
  const std::string bytes = encoded(rows);
  for (std::size_t at = 0; at < bytes.size(); at += at < 400 ? 1 : 997) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    const Scan seen = scan(flipped, 64 * 1'024);
    CAPTURE(at);
    REQUIRE(!seen.end);
    for (const SnapshotRow& row : seen.rows) {
      CHECK(std::find(rows.begin(), rows.end(), row) != rows.end());
    }
  }
}

TEST_CASE("snapshot format: blocks in another order, of another snapshot or behind the end") {
  const std::string bytes = encoded(some_rows());
  SnapshotHeader later = header();
  later.taken.ms += 1;
  const std::string other = encoded(some_rows(), later);
  REQUIRE(other.size() == bytes.size());
  constexpr std::size_t kHeader = 80;
  CHECK(!scan(bytes.substr(0, kHeader) + other.substr(kHeader)).end);
  CHECK(!scan(bytes + "x").end);
  CHECK(!scan(bytes + bytes).end);
  CHECK(scan(encoded({})).end);
  // Without its first block.
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + kHeader + 4, sizeof length);
  const std::string second = bytes.substr(kHeader + 8 + length + 8);
  REQUIRE(!second.empty());
  CHECK(!scan(bytes.substr(0, kHeader) + second).end);
}

TEST_CASE("snapshot format: what is not for this larderd is told as such") {
  struct Case {
    const char* name;
    std::size_t at;  ///< byte of the header that is another one
    const char* word;
  };
  const Case c = GENERATE(values<Case>({{"not a snapshot", 0, "not a snapshot"},
                                        {"byte order", 16, "byte order"},
                                        {"file version", 20, "snapshot format"}}));
  DYNAMIC_SECTION(c.name) {
    std::string bytes = encoded(some_rows());
    ++bytes[c.at];
    const Scan seen = scan(bytes);
    REQUIRE(!seen.end);
    CHECK(seen.end.error().code == Error::Code::invalid);
    CHECK(seen.end.error().context.find(c.word) != std::string::npos);
  }
  SnapshotHeader other = header();
  ++other.store_format;
  const Scan seen = scan(encoded(some_rows(), other));
  REQUIRE(!seen.end);
  CHECK(seen.end.error().code == Error::Code::invalid);
  CHECK(seen.end.error().context.find("store format " + std::to_string(kFormatVersion + 1)) !=
        std::string::npos);
}

TEST_CASE("snapshot format: one that has failed tells why, and is none") {
  SnapshotEncoder encoder(header());
  for (const auto& [table, key, value] : some_rows()) encoder.add(table, key, value);
  std::string bytes = encoder.take();
  encoder.fail("the store's room became short");
  bytes += encoder.take();
  const Scan seen = scan(bytes);
  REQUIRE(!seen.end);
  CHECK(seen.end.error().code == Error::Code::unavailable);
  CHECK(seen.end.error().context == "the store's room became short");
}

}  // namespace
}  // namespace larder::test
