// SPDX-License-Identifier: Apache-2.0
#include "cache/store/object.h"

// The library's choice by processor, where it has one: ten times the speed of the baseline on
// bodies.
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "conf/base/check.h"

// Rows of the tables `objects` (head rows) and `chunks`. Numbers are little endian, nothing is
// aligned: rows are read by memcpy. Their keys are in format.h.
//
//   head row  = FixedHead[176] canonical entity_fields shared_fields tags [body]
//   chunk row = ChunkHead[24] body-bytes
//
// The body is in the head row when chunk_count is 0. Lengths must add up to the row's own; chunk
// rows may be of any length. Checksums are XXH3-64 seeded with the XXH3-64 of the object's
// CacheKey, so that a whole row under a wrong key does not pass: the head's over everything behind
// `head_checksum` up to the body (with that, over `body_checksum` too), a chunk's over everything
// behind `checksum`. Any change of this grammar raises kFormatVersion in cache/store/format.h.

namespace larder {
namespace {

static_assert(std::endian::native == std::endian::little, "rows are little endian");

constexpr std::uint32_t kHeadMagic = 0x314A424F;   // "OBJ1"
constexpr std::uint32_t kChunkMagic = 0x314B4843;  // "CHK1"

struct FixedHead {
  std::uint32_t magic;
  std::uint32_t fixed_bytes;  ///< of this struct
  std::uint64_t head_checksum;
  std::uint64_t body_checksum;  ///< 0 when chunked
  std::uint64_t sequence;
  std::uint64_t body_length;
  std::uint32_t slot;
  std::uint32_t chunk_count;
  std::uint16_t status;
  std::uint8_t kind;
  std::uint8_t representation;
  std::uint32_t flags;  ///< 0
  std::int64_t stored_ms;
  std::int64_t fresh_until_ms;
  std::int64_t revalidate_until_ms;
  std::int64_t error_until_ms;
  std::int64_t initial_age_s;
  std::uint8_t etag[16];
  std::uint8_t scope[32];
  std::uint32_t canonical_length;
  std::uint32_t entity_length;
  std::uint32_t shared_length;
  std::uint32_t tags_length;
  std::uint64_t epoch;
  std::uint64_t place;
};
static_assert(sizeof(FixedHead) == kFixedHeadBytes &&
              std::has_unique_object_representations_v<FixedHead>);
constexpr std::size_t kSummedFrom = offsetof(FixedHead, body_checksum);

struct ChunkHead {
  std::uint64_t checksum;
  std::uint64_t sequence;
  std::uint32_t index;
  std::uint32_t magic;
};
static_assert(sizeof(ChunkHead) == kChunkHeadBytes &&
              std::has_unique_object_representations_v<ChunkHead>);
constexpr std::size_t kChunkSummedFrom = offsetof(ChunkHead, sequence);

std::uint64_t seed_of(const CacheKey& key) {
  return XXH3_64bits(key.bytes.data(), key.bytes.size());
}

std::uint64_t checksum(std::uint64_t seed, std::string_view bytes) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

/// Appends to a row of known length.
class RowEnd {
 public:
  explicit RowEnd(std::span<char> row) : rest_(row) {}
  void add(std::string_view bytes) {
    LARDER_CHECK(bytes.size() <= rest_.size());
    if (bytes.empty()) return;
    std::memcpy(rest_.data(), bytes.data(), bytes.size());
    rest_ = rest_.subspan(bytes.size());
  }
  bool full() const { return rest_.empty(); }

 private:
  std::span<char> rest_;
};

/// Bytes [from, from + length) of a body in pieces.
void add_body(const std::vector<Chunk>& body, std::uint64_t from, std::uint64_t length,
              RowEnd& out) {
  for (const Chunk& piece : body) {
    if (length == 0) return;
    if (from >= piece->size()) {
      from -= piece->size();
      continue;
    }
    const std::uint64_t taken = std::min<std::uint64_t>(length, piece->size() - from);
    out.add(std::string_view(*piece).substr(from, taken));
    length -= taken;
    from = 0;
  }
}

FixedHead fixed_head(const NewObject& object, std::uint64_t sequence, std::uint32_t slot,
                     std::uint32_t chunk_count) {
  const ObjectMeta& meta = object.meta;
  FixedHead head{};
  head.magic = kHeadMagic;
  head.fixed_bytes = sizeof head;
  head.sequence = sequence;
  head.body_length = meta.body_length;
  head.slot = slot;
  head.chunk_count = chunk_count;
  head.status = static_cast<std::uint16_t>(meta.status);
  head.kind = static_cast<std::uint8_t>(meta.kind);
  head.representation = static_cast<std::uint8_t>(meta.representation);
  head.stored_ms = meta.lifetime.stored.ms;
  head.fresh_until_ms = meta.lifetime.fresh_until.ms;
  head.revalidate_until_ms = meta.lifetime.revalidate_until.ms;
  head.error_until_ms = meta.lifetime.error_until.ms;
  head.initial_age_s = meta.lifetime.initial_age_s;
  std::copy(meta.etag.bytes.begin(), meta.etag.bytes.end(), head.etag);
  std::copy(meta.scope.bytes.begin(), meta.scope.bytes.end(), head.scope);
  head.canonical_length = static_cast<std::uint32_t>(object.canonical.size());
  head.entity_length = static_cast<std::uint32_t>(object.entity_fields.size());
  head.shared_length = static_cast<std::uint32_t>(object.shared_fields.size());
  head.tags_length = static_cast<std::uint32_t>(object.tags.size());
  head.epoch = object.epoch;
  head.place = object.place;
  return head;
}

ObjectMeta meta_of(const FixedHead& head) {
  ObjectMeta meta;
  meta.status = head.status;
  meta.kind = static_cast<Kind>(head.kind);
  meta.representation = static_cast<Representation>(head.representation);
  meta.body_length = head.body_length;
  meta.lifetime.stored.ms = head.stored_ms;
  meta.lifetime.fresh_until.ms = head.fresh_until_ms;
  meta.lifetime.revalidate_until.ms = head.revalidate_until_ms;
  meta.lifetime.error_until.ms = head.error_until_ms;
  meta.lifetime.initial_age_s = head.initial_age_s;
  std::copy(std::begin(head.etag), std::end(head.etag), meta.etag.bytes.begin());
  std::copy(std::begin(head.scope), std::end(head.scope), meta.scope.bytes.begin());
  return meta;
}

std::uint64_t head_length(const FixedHead& head) {
  return sizeof head + std::uint64_t{head.canonical_length} + head.entity_length +
         head.shared_length + head.tags_length;
}

/// Is this the head of a row of this many bytes, with values that the types can hold?
bool plausible(const FixedHead& head, std::uint64_t row_bytes) {
  if (head.magic != kHeadMagic || head.fixed_bytes != sizeof head) return false;
  if (head.kind > static_cast<std::uint8_t>(Kind::sync)) return false;
  if (head.representation > static_cast<std::uint8_t>(Representation::gzip)) return false;
  if (head.status < 100 || head.status > 999) return false;
  const std::uint64_t before_body = head_length(head);
  if (before_body > row_bytes) return false;
  const std::uint64_t in_row = row_bytes - before_body;
  if (head.chunk_count == 0) return in_row == head.body_length;
  return in_row == 0 && head.chunk_count <= head.body_length;
}

Result<FixedHead> read_fixed_head(std::string_view row) {
  FixedHead head;
  if (row.size() < sizeof head) return fail(Error::Code::corrupt, "object row is short");
  std::memcpy(&head, row.data(), sizeof head);
  if (!plausible(head, row.size())) return fail(Error::Code::corrupt, "object row is malformed");
  return head;
}

ObjectView view_of(const FixedHead& head, std::string_view row) {
  ObjectView view;
  view.meta = meta_of(head);
  view.sequence = head.sequence;
  view.slot = head.slot;
  view.chunk_count = head.chunk_count;
  view.epoch = head.epoch;
  view.place = head.place;
  std::size_t at = sizeof head;
  const auto take = [&](std::uint64_t length) {
    const std::string_view part = row.substr(at, length);
    at += length;
    return part;
  };
  view.canonical = take(head.canonical_length);
  view.entity_fields = take(head.entity_length);
  view.shared_fields = take(head.shared_length);
  view.tags = take(head.tags_length);
  view.body = row.substr(at);
  return view;
}

struct CheckedHead {
  FixedHead fixed;
  std::uint64_t seed;
};

Result<CheckedHead> check_head(const CacheKey& key, std::string_view row) {
  Result<FixedHead> head = read_fixed_head(row);
  if (!head) return tl::unexpected<Error>(std::move(head.error()));
  const std::uint64_t seed = seed_of(key);
  const std::string_view summed = row.substr(kSummedFrom, head_length(*head) - kSummedFrom);
  if (checksum(seed, summed) != head->head_checksum) {
    return fail(Error::Code::corrupt, "object head fails its checksum");
  }
  return CheckedHead{*head, seed};
}

}  // namespace

CacheKey key_of_row(std::string_view row_key) {
  CacheKey key;
  std::copy_n(row_key.begin(), key.bytes.size(), key.bytes.begin());
  return key;
}

RowBounds row_bounds(std::uint64_t page_bytes, std::uint64_t map_pages) {
  constexpr std::uint64_t kPageHeadBytes = 16;  // LMDB's, once in a run of pages
  constexpr std::uint64_t kLongestRun = 64 * 1'024;
  const std::uint64_t run =
      std::clamp(map_pages / 1'024 * page_bytes, page_bytes, std::max(page_bytes, kLongestRun));
  return {2 * run, run - kPageHeadBytes - sizeof(ChunkHead)};
}

std::uint32_t chunk_count_of(std::uint64_t body_length, const RowBounds& bounds) {
  if (body_length <= bounds.inline_bytes) return 0;
  return static_cast<std::uint32_t>((body_length + bounds.chunk_bytes - 1) / bounds.chunk_bytes);
}

std::size_t head_bytes_of(const ObjectHead& object) {
  return object.canonical.size() + object.entity_fields.size() + object.shared_fields.size() +
         object.tags.size();
}

std::size_t object_row_bytes(const NewObject& object, std::uint32_t chunk_count) {
  return kFixedHeadBytes + head_bytes_of(object) + (chunk_count == 0 ? object.meta.body_length : 0);
}

void write_object(const NewObject& object, std::uint64_t sequence, std::uint32_t slot,
                  std::uint32_t chunk_count, std::span<char> row) {
  FixedHead head = fixed_head(object, sequence, slot, chunk_count);
  RowEnd out(row);
  out.add({reinterpret_cast<const char*>(&head), sizeof head});
  out.add(object.canonical);
  out.add(object.entity_fields);
  out.add(object.shared_fields);
  out.add(object.tags);
  const std::string_view whole(row.data(), row.size());
  if (chunk_count == 0) {
    add_body(object.body, 0, object.meta.body_length, out);
    head.body_checksum = checksum(seed_of(object.key), whole.substr(head_length(head)));
  }
  LARDER_CHECK(out.full());
  std::memcpy(row.data() + kSummedFrom, &head.body_checksum, sizeof head.body_checksum);
  head.head_checksum =
      checksum(seed_of(object.key), whole.substr(kSummedFrom, head_length(head) - kSummedFrom));
  std::memcpy(row.data() + offsetof(FixedHead, head_checksum), &head.head_checksum,
              sizeof head.head_checksum);
}

std::string encode_object(const NewObject& object, std::uint64_t sequence, std::uint32_t slot,
                          std::uint32_t chunk_count) {
  std::string row(object_row_bytes(object, chunk_count), '\0');
  write_object(object, sequence, slot, chunk_count, row);
  return row;
}

Result<ObjectView> read_object(std::string_view row) {
  Result<FixedHead> head = read_fixed_head(row);
  if (!head) return tl::unexpected<Error>(std::move(head.error()));
  return view_of(*head, row);
}

Result<ObjectView> decode_object_head(const CacheKey& key, std::string_view row) {
  Result<CheckedHead> head = check_head(key, row);
  if (!head) return tl::unexpected<Error>(std::move(head.error()));
  ObjectView view = view_of(head->fixed, row);
  view.body = {};
  return view;
}

Result<ObjectView> decode_object(const CacheKey& key, std::string_view row) {
  Result<CheckedHead> head = check_head(key, row);
  if (!head) return tl::unexpected<Error>(std::move(head.error()));
  const ObjectView view = view_of(head->fixed, row);
  if (view.chunk_count == 0 && checksum(head->seed, view.body) != head->fixed.body_checksum) {
    return fail(Error::Code::corrupt, "object body fails its checksum");
  }
  return view;
}

bool chunk_holds(std::string_view row, const std::vector<Chunk>& body, std::uint64_t from) {
  if (row.size() < sizeof(ChunkHead)) return false;
  std::string_view rest = row.substr(sizeof(ChunkHead));
  for (const Chunk& piece : body) {
    if (rest.empty()) break;
    if (from >= piece->size()) {
      from -= piece->size();
      continue;
    }
    const std::string_view part = std::string_view(*piece).substr(from, rest.size());
    if (!rest.starts_with(part)) return false;
    rest.remove_prefix(part.size());
    from = 0;
  }
  return rest.empty();
}

std::size_t chunk_row_bytes(std::uint64_t body_length, std::uint32_t index,
                            const RowBounds& bounds) {
  const std::uint64_t before = index * bounds.chunk_bytes;
  LARDER_CHECK(before < body_length);
  return sizeof(ChunkHead) + std::min(bounds.chunk_bytes, body_length - before);
}

void write_chunk(const NewObject& object, std::uint64_t sequence, std::uint32_t index,
                 const RowBounds& bounds, std::span<char> row) {
  ChunkHead head{0, sequence, index, kChunkMagic};
  RowEnd out(row);
  out.add({reinterpret_cast<const char*>(&head), sizeof head});
  add_body(object.body, index * bounds.chunk_bytes, row.size() - sizeof head, out);
  LARDER_CHECK(out.full());
  const std::string_view whole(row.data(), row.size());
  head.checksum = checksum(seed_of(object.key), whole.substr(kChunkSummedFrom));
  std::memcpy(row.data(), &head.checksum, sizeof head.checksum);
}

Result<std::string_view> decode_chunk(const CacheKey& key, std::uint64_t sequence,
                                      std::uint32_t index, std::string_view row) {
  ChunkHead head;
  if (row.size() < sizeof head) return fail(Error::Code::corrupt, "chunk row is short");
  std::memcpy(&head, row.data(), sizeof head);
  if (head.magic != kChunkMagic || head.index != index ||
      head.checksum != checksum(seed_of(key), row.substr(kChunkSummedFrom))) {
    return fail(Error::Code::corrupt, "chunk row fails its checksum");
  }
  if (head.sequence != sequence) return fail(Error::Code::not_found, "chunk of another object");
  return row.substr(sizeof head);
}

}  // namespace larder
