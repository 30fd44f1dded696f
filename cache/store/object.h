// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cache/body/chunk.h"
#include "cache/http/entity_tag.h"
#include "cache/http/freshness.h"
#include "cache/http/representation.h"
#include "cache/request/kind.h"
#include "cache/scope/key.h"
#include "cache/scope/scope_mac.h"
#include "conf/base/result.h"

/// A stored answer: its format on disk, and both of its in-memory forms.
namespace larder {

/// What is known of an answer besides its bytes.
struct ObjectMeta {
  ScopeMac scope;
  int status = 200;
  Kind kind = Kind::entry;
  Representation representation = Representation::identity;
  Lifetime lifetime;
  EntityTag etag;
  std::uint64_t body_length = 0;
};

/// An answer on its way into the store, but for its body. Owns everything.
struct ObjectHead {
  CacheKey key;
  std::string canonical;  ///< as write_canonical_bytes(): compared at every hit
  ObjectMeta meta;
  std::string entity_fields;  ///< HeadBlocks, with Content-Length and ETag known
  std::string shared_fields;
  std::string tags;         ///< as TagSet::take() gives them; empty = it may depend on anything
  std::uint64_t epoch = 0;  ///< Store::epoch() when its fill began
  std::uint64_t place = 0;  ///< place_of() its scope; set at its commit
};

struct NewObject : ObjectHead {
  std::vector<Chunk> body;
};

/// An answer inside LMDB's map: dies with the read transaction's turn. Never a member, never
/// captured.
struct ObjectView {
  ObjectMeta meta;
  std::uint64_t sequence = 0;  ///< store order; names its chunk rows; kept by a touch
  std::uint32_t slot = 0;      ///< index of the eviction policy's record
  std::string_view canonical;
  std::string_view entity_fields;
  std::string_view shared_fields;
  std::string_view tags;
  std::uint64_t epoch = 0;
  std::uint64_t place = 0;
  bool purged = false;    ///< since it was stored; `meta.lifetime` takes that into account
  std::string_view body;  ///< whole when chunk_count == 0; else empty, read by Reader::chunk
  std::uint32_t chunk_count = 0;
};

/// The key of an object, as it begins the keys of its rows.
CacheKey key_of_row(std::string_view row_key);

/// How long the writer makes rows. Each takes pages in a row of the file, and a small file has but
/// short runs of free ones. Readers take rows of any length.
struct RowBounds {
  std::uint64_t inline_bytes;  ///< a body up to this length lies in its object's row
  std::uint64_t chunk_bytes;   ///< of a longer one: in each chunk row but the last
  friend bool operator==(const RowBounds&, const RowBounds&) = default;
};
/// By the size of the file: chunk rows of a 1,024th of it, 64 KiB at most (from 64 MiB on) and a
/// page at least, and twice that for the whole of a body in its object's row.
RowBounds row_bounds(std::uint64_t page_bytes, std::uint64_t map_pages);
/// Rows beside the head row; 0 = the body is in the row.
std::uint32_t chunk_count_of(std::uint64_t body_length, const RowBounds& bounds);

/// The row of an object without chunks, or the head row of one with. `sequence`, `slot` are the
/// writer's. Grammar at the top of object.cc.
std::string encode_object(const NewObject& object, std::uint64_t sequence, std::uint32_t slot,
                          std::uint32_t chunk_count);

/// Any bytes give a view or Error::corrupt; never reads outside `row`. Checks magic, version,
/// lengths and both checksums (head, and body when it is in the row).
Result<ObjectView> decode_object(const CacheKey& key, std::string_view row);

/// As decode_object(), but checks no checksum: for a row that was checked before.
Result<ObjectView> read_object(std::string_view row);

/// As decode_object(), but the body is not looked at and left empty.
Result<ObjectView> decode_object_head(const CacheKey& key, std::string_view row);

/// The part of a head row that is of the same length for all, and what else of it is no body.
inline constexpr std::size_t kFixedHeadBytes = 176;
/// The part of a chunk row that is no body.
inline constexpr std::size_t kChunkHeadBytes = 24;
std::size_t head_bytes_of(const ObjectHead& object);

/// encode_object() in two steps, for a row that LMDB has reserved: its length, and its bytes.
/// `row` is as long as that and is filled whole.
std::size_t object_row_bytes(const NewObject& object, std::uint32_t chunk_count);
void write_object(const NewObject& object, std::uint64_t sequence, std::uint32_t slot,
                  std::uint32_t chunk_count, std::span<char> row);

/// Row of chunk `index` of a body. decode_chunk() gives its bytes, or Error::corrupt, or
/// Error::not_found when it belongs to another object than `sequence`.
std::size_t chunk_row_bytes(std::uint64_t body_length, std::uint32_t index,
                            const RowBounds& bounds);
void write_chunk(const NewObject& object, std::uint64_t sequence, std::uint32_t index,
                 const RowBounds& bounds, std::span<char> row);
Result<std::string_view> decode_chunk(const CacheKey& key, std::uint64_t sequence,
                                      std::uint32_t index, std::string_view row);
/// Does a chunk row hold just the bytes of `body` from `from` on? Its checksum is not looked at.
bool chunk_holds(std::string_view row, const std::vector<Chunk>& body, std::uint64_t from);

}  // namespace larder
