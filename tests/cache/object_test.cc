// SPDX-License-Identifier: Apache-2.0
#include "cache/store/object.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstring>
#include <random>

#include "tests/cache/store_fixture.h"

namespace larder::test {
namespace {

NewObject full_object(std::size_t length) {
  ObjectPlan plan;
  plan.length = length;
  plan.query = "locale=en";
  plan.variants = "a,b";
  plan.representation = Representation::gzip;
  NewObject object = make_object(plan);
  object.meta.status = 404;
  object.meta.kind = Kind::sync;
  object.meta.lifetime = {{1'000}, {2'000}, {3'000}, {4'000}, 77};
  object.tags = "entry.blt1 entry.blt2";
  return object;
}

std::string joined(const NewObject& object) {
  std::string body;
  for (const Chunk& piece : object.body) body += *piece;
  return body;
}

/// A copy in memory of exactly this size, so that a sanitizer sees a read beyond it.
std::vector<char> exactly(std::string_view bytes) {
  return {bytes.begin(), bytes.end()};
}

bool is_corrupt(const Result<ObjectView>& result) {
  return !result && result.error().code == Error::Code::corrupt;
}

}  // namespace

TEST_CASE("object: a row gives back all that went into it", "[object]") {
  const std::size_t length = GENERATE(values<std::size_t>({0, 1, 2, 3, 1'000, 70'000}));
  CAPTURE(length);
  const NewObject object = full_object(length);
  const std::string row = encode_object(object, 9'000'000'000, 42, 0);
  CHECK(row.size() == object_row_bytes(object, 0));
  const Result<ObjectView> view = decode_object(object.key, row);
  REQUIRE(view);
  CHECK(view->meta.scope == object.meta.scope);
  CHECK(view->meta.status == 404);
  CHECK(view->meta.kind == Kind::sync);
  CHECK(view->meta.representation == Representation::gzip);
  CHECK(view->meta.lifetime.stored.ms == 1'000);
  CHECK(view->meta.lifetime.fresh_until.ms == 2'000);
  CHECK(view->meta.lifetime.revalidate_until.ms == 3'000);
  CHECK(view->meta.lifetime.error_until.ms == 4'000);
  CHECK(view->meta.lifetime.initial_age_s == 77);
  CHECK(view->meta.etag == object.meta.etag);
  CHECK(view->meta.body_length == length);
  CHECK(view->sequence == 9'000'000'000);
  CHECK(view->slot == 42);
  CHECK(view->canonical == object.canonical);
  CHECK(view->entity_fields == object.entity_fields);
  CHECK(view->shared_fields == object.shared_fields);
  CHECK(view->tags == object.tags);
  CHECK(view->body == joined(object));
  CHECK(view->chunk_count == 0);
}

TEST_CASE("object: chunk rows give back the body in order", "[object]") {
  const std::uint64_t pages = GENERATE(256u, 4'096u, 16'384u, 1u << 20);
  const RowBounds bounds = row_bounds(4'096, pages);
  const std::uint64_t length = GENERATE_REF(bounds.inline_bytes + 1, 3 * bounds.chunk_bytes,
                                            3 * bounds.chunk_bytes + 1, 4 * bounds.chunk_bytes - 1);
  CAPTURE(pages, length);
  const NewObject object = full_object(length);
  const std::uint32_t chunks = chunk_count_of(length, bounds);
  const std::string head = encode_object(object, 5, 1, chunks);
  const Result<ObjectView> view = decode_object(object.key, head);
  REQUIRE(view);
  CHECK(view->body.empty());
  CHECK(view->chunk_count == chunks);
  std::string body;
  for (std::uint32_t i = 0; i < chunks; ++i) {
    std::string row(chunk_row_bytes(length, i, bounds), '\0');
    write_chunk(object, 5, i, bounds, row);
    const Result<std::string_view> bytes = decode_chunk(object.key, 5, i, row);
    REQUIRE(bytes);
    body += *bytes;
    const Result<std::string_view> elsewhere = decode_chunk(object.key, 5, i + 1, row);
    CHECK((!elsewhere && elsewhere.error().code == Error::Code::corrupt));
    const Result<std::string_view> replaced = decode_chunk(object.key, 6, i, row);
    CHECK((!replaced && replaced.error().code == Error::Code::not_found));
  }
  CHECK(body == joined(object));
}

TEST_CASE("object: a row cut or lengthened at any place is corrupt", "[object]") {
  const NewObject object = full_object(300);
  const std::string row = encode_object(object, 1, 1, 0);
  for (std::size_t length = 0; length < row.size(); ++length) {
    CAPTURE(length);
    const std::vector<char> cut = exactly(std::string_view(row).substr(0, length));
    REQUIRE(is_corrupt(decode_object(object.key, {cut.data(), cut.size()})));
  }
  CHECK(is_corrupt(decode_object(object.key, row + '\0')));
}

TEST_CASE("object: a row with any bit flipped is corrupt", "[object]") {
  const NewObject object = full_object(300);
  const std::string row = encode_object(object, 1, 1, 0);
  for (std::size_t bit = 0; bit < row.size() * 8; ++bit) {
    CAPTURE(bit);
    std::vector<char> flipped = exactly(row);
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    REQUIRE(is_corrupt(decode_object(object.key, {flipped.data(), flipped.size()})));
  }
}

TEST_CASE("object: a chunk row with any bit flipped or any end cut is corrupt", "[object]") {
  const RowBounds bounds = row_bounds(4'096, 16'384);
  NewObject object = full_object(bounds.inline_bytes + 1);
  std::string row(chunk_row_bytes(object.meta.body_length, 2, bounds), '\0');
  write_chunk(object, 1, 2, bounds, row);
  REQUIRE(decode_chunk(object.key, 1, 2, row));
  for (std::size_t bit = 0; bit < row.size() * 8; ++bit) {
    CAPTURE(bit);
    std::vector<char> flipped = exactly(row);
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    REQUIRE_FALSE(decode_chunk(object.key, 1, 2, {flipped.data(), flipped.size()}));
  }
  for (std::size_t length = 0; length < row.size(); ++length) {
    const std::vector<char> cut = exactly(std::string_view(row).substr(0, length));
    REQUIRE_FALSE(decode_chunk(object.key, 1, 2, {cut.data(), cut.size()}));
  }
}

TEST_CASE("object: a whole row under another key is corrupt", "[object]") {
  const NewObject object = full_object(300);
  const std::string row = encode_object(object, 1, 1, 0);
  CacheKey other = object.key;
  other.bytes[39] ^= 1;
  CHECK(decode_object(object.key, row));
  CHECK(is_corrupt(decode_object(other, row)));
}

TEST_CASE("object: any bytes are decoded without reading outside of them", "[object]") {
  const NewObject object = full_object(200);
  const std::string row = encode_object(object, 1, 1, 0);
  std::mt19937_64 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<char> bytes = exactly(row);
    bytes.resize(random() % (row.size() + 40));
    const std::uint64_t changes = random() % 8;
    for (std::uint64_t i = 0; i < changes && !bytes.empty(); ++i) {
      // Lengths and counts lie in the first 176 bytes.
      bytes[random() % std::min<std::size_t>(bytes.size(), 176)] = static_cast<char>(random());
    }
    const std::string_view all(bytes.data(), bytes.size());
    if (all == row) continue;
    REQUIRE_FALSE(decode_object(object.key, all));
    REQUIRE_FALSE(decode_object_head(object.key, all));
    REQUIRE_FALSE(decode_chunk(object.key, 1, 0, all));
  }
}

TEST_CASE("object: the head can be read without the body", "[object]") {
  const NewObject object = full_object(300);
  std::string row = encode_object(object, 1, 1, 0);
  row.back() = static_cast<char>(row.back() ^ 1);
  CHECK_FALSE(decode_object(object.key, row));
  const Result<ObjectView> head = decode_object_head(object.key, row);
  REQUIRE(head);
  CHECK(head->canonical == object.canonical);
  CHECK(head->body.empty());
}

}  // namespace larder::test
