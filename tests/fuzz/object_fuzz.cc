// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cache/store/object.h"
#include "conf/base/check.h"
#include "tests/fuzz/fuzz_input.h"

// Rows of the store. Input: '@', and the bytes of a row; or 'A', then the parts of an object and
// what is changed in its rows.
//
// Any bytes give an error or views inside them. An object comes back from its rows as it was, and a
// row in which anything was changed, or that lies under another key, does not pass.

namespace larder::fuzz {
namespace {

constexpr RowBounds kSmallRows{64, 24};  // so that small inputs have chunk rows too

bool inside(std::string_view part, std::string_view row) {
  return part.empty() ||
         (part.data() >= row.data() && part.data() + part.size() <= row.data() + row.size());
}

void check_view(const ObjectView& view, std::string_view row) {
  LARDER_CHECK(inside(view.canonical, row) && inside(view.entity_fields, row));
  LARDER_CHECK(inside(view.shared_fields, row) && inside(view.tags, row));
  LARDER_CHECK(inside(view.body, row));
  LARDER_CHECK(view.canonical.size() + view.entity_fields.size() + view.shared_fields.size() +
                   view.tags.size() + view.body.size() <=
               row.size());
  LARDER_CHECK(view.chunk_count > 0 || view.body.size() == view.meta.body_length);
}

bool same(const ObjectMeta& a, const ObjectMeta& b) {
  return a.scope == b.scope && a.status == b.status && a.kind == b.kind &&
         a.representation == b.representation && a.etag == b.etag &&
         a.body_length == b.body_length && a.lifetime.stored == b.lifetime.stored &&
         a.lifetime.fresh_until == b.lifetime.fresh_until &&
         a.lifetime.revalidate_until == b.lifetime.revalidate_until &&
         a.lifetime.error_until == b.lifetime.error_until &&
         a.lifetime.initial_age_s == b.lifetime.initial_age_s;
}

bool same(const ObjectView& a, const ObjectView& b) {
  return same(a.meta, b.meta) && a.sequence == b.sequence && a.slot == b.slot &&
         a.chunk_count == b.chunk_count && a.canonical == b.canonical &&
         a.entity_fields == b.entity_fields && a.shared_fields == b.shared_fields &&
         a.tags == b.tags;
}

/// The object that these views show.
NewObject object_of(const CacheKey& key, const ObjectView& view) {
  NewObject object;
  object.key = key;
  object.canonical = view.canonical;
  object.meta = view.meta;
  object.entity_fields = view.entity_fields;
  object.shared_fields = view.shared_fields;
  object.tags = view.tags;
  object.body.push_back(std::make_shared<const std::string>(view.body));
  return object;
}

void check_any_row(const CacheKey& key, std::string_view row) {
  const Result<ObjectView> read = read_object(row);
  const Result<ObjectView> head = decode_object_head(key, row);
  const Result<ObjectView> whole = decode_object(key, row);
  if (read) check_view(*read, row);
  LARDER_CHECK(!head || read);
  LARDER_CHECK(!whole || head);
  if (!read) LARDER_CHECK(read.error().code == Error::Code::corrupt);
  if (!whole) LARDER_CHECK(whole.error().code == Error::Code::corrupt);
  const Result<std::string_view> chunk = decode_chunk(key, 1, 0, row);
  LARDER_CHECK(!chunk || inside(*chunk, row));
  if (!read || read->chunk_count > 0) return;
  // What can be read can be written, and is read again as the same.
  const NewObject object = object_of(key, *read);
  const std::string again = encode_object(object, read->sequence, read->slot, 0);
  const Result<ObjectView> second = decode_object(key, again);
  LARDER_CHECK(second && same(*second, *read) && second->body == read->body);
}

std::int64_t number(FuzzInput& input) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | input.octet();
  return static_cast<std::int64_t>(value);
}

NewObject built_object(FuzzInput& input) {
  NewObject object;
  const std::uint8_t bits = input.octet();
  object.meta.kind = static_cast<Kind>(bits % 6);
  object.meta.representation = bits & 64 ? Representation::gzip : Representation::identity;
  object.meta.status = 100 + input.octet();
  object.meta.lifetime.stored.ms = number(input);
  object.meta.lifetime.fresh_until.ms = number(input);
  object.meta.lifetime.error_until.ms = number(input);
  object.key.bytes[3] = input.octet();
  object.meta.scope.bytes[5] = input.octet();
  object.meta.etag.bytes[7] = input.octet();
  object.canonical = input.take_until('|');
  object.entity_fields = input.take_until('|');
  object.shared_fields = input.take_until('|');
  object.tags = input.take_until('|');
  while (!input.rest().empty() && object.body.size() < 8) {
    object.body.push_back(std::make_shared<const std::string>(input.take_until('|')));
    object.meta.body_length += object.body.back()->size();
  }
  return object;
}

/// One octet changed, or the row cut or made longer.
std::string damaged(std::string_view row, DerivedNumbers& numbers) {
  std::string other(row);
  switch (numbers.below(4)) {
    case 0:
      other.resize(numbers.below(row.size()));
      break;
    case 1:
      other.push_back(static_cast<char>(numbers.below(256)));
      break;
    default:
      other[numbers.below(row.size())] ^= static_cast<char>(1 + numbers.below(255));
  }
  return other;
}

void check_head_row(const NewObject& object, DerivedNumbers& numbers) {
  const std::uint32_t chunks = chunk_count_of(object.meta.body_length, kSmallRows);
  const std::string row = encode_object(object, 7, 3, chunks);
  LARDER_CHECK(row.size() == object_row_bytes(object, chunks));
  const Result<ObjectView> view = decode_object(object.key, row);
  LARDER_CHECK(view && same(view->meta, object.meta) && view->chunk_count == chunks);
  LARDER_CHECK(view->sequence == 7 && view->slot == 3 && view->canonical == object.canonical);
  LARDER_CHECK(view->entity_fields == object.entity_fields && view->tags == object.tags);
  LARDER_CHECK(view->shared_fields == object.shared_fields);
  check_view(*view, row);
  const std::string other = damaged(row, numbers);
  LARDER_CHECK(!decode_object(object.key, other));
  if (const Result<ObjectView> unchecked = read_object(other)) check_view(*unchecked, other);
  CacheKey key = object.key;
  key.bytes[numbers.below(key.bytes.size())] ^= 1;
  LARDER_CHECK(!decode_object(key, row));
}

void check_chunk_rows(const NewObject& object, DerivedNumbers& numbers) {
  std::string body;
  for (const Chunk& piece : object.body) body += *piece;
  std::string again;
  const std::uint32_t chunks = chunk_count_of(object.meta.body_length, kSmallRows);
  for (std::uint32_t index = 0; index < chunks; ++index) {
    std::string row(chunk_row_bytes(object.meta.body_length, index, kSmallRows), '\0');
    write_chunk(object, 7, index, kSmallRows, row);
    const Result<std::string_view> bytes = decode_chunk(object.key, 7, index, row);
    LARDER_CHECK(bytes && inside(*bytes, row));
    again += *bytes;
    LARDER_CHECK(!decode_chunk(object.key, 8, index, row));
    LARDER_CHECK(!decode_chunk(object.key, 7, index + 1, row));
    LARDER_CHECK(!decode_chunk(object.key, 7, index, damaged(row, numbers)));
  }
  LARDER_CHECK(chunks == 0 || again == body);
}

void run(FuzzInput input) {
  if ((input.octet() & 1) == 0) {
    check_any_row(CacheKey{}, input.rest());
    return;
  }
  DerivedNumbers numbers(input.rest());
  const NewObject object = built_object(input);
  check_head_row(object, numbers);
  check_chunk_rows(object, numbers);
}

}  // namespace
}  // namespace larder::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  larder::fuzz::run({data, size});
  return 0;
}
