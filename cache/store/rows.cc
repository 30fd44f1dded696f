// SPDX-License-Identifier: Apache-2.0
#include "cache/store/rows.h"

#include "cache/store/charge.h"
#include "conf/base/check.h"

namespace larder {
namespace {

std::optional<IndexRecord> read_index(Change& change, std::uint32_t slot) {
  const auto bytes = change.txn.get(change.txn.environment().index, SlotKey(slot).view());
  if (!bytes) return std::nullopt;
  return decode_index(slot, *bytes);
}

/// Frees the slot when it is the one of this very object: its frequency.
std::optional<std::uint32_t> remove_index(Change& change, const CacheKey& key, std::uint32_t slot,
                                          std::uint64_t sequence) {
  if (!change.ledger.holds(slot)) return std::nullopt;
  const auto record = read_index(change, slot);
  if (!record || record->key != key || record->sequence != sequence) return std::nullopt;
  const std::uint32_t frequency = change.ledger.eviction_state(slot).frequency;
  change.txn.erase(change.txn.environment().index, SlotKey(slot).view());
  change.ledger.removed(slot, *record);
  return frequency;
}

/// The object's chunk rows go, or stay for those who read them.
void remove_chunks(Change& change, const ObjectView& head) {
  const std::uint64_t page_bytes = change.txn.environment().page_bytes();
  change.held.remove_or_hold(change.txn, head.sequence, head.chunk_count,
                             head.meta.body_length / page_bytes + head.chunk_count, change.now);
}

bool same_body(WriteTxn& txn, const ObjectView& head, const std::vector<Chunk>& body) {
  std::uint64_t at = 0;
  for (std::uint32_t i = 0; i < head.chunk_count; ++i) {
    const auto row = txn.get(txn.environment().chunks, ChunkRowKey(head.sequence, i).view());
    if (!row || !chunk_holds(*row, body, at)) return false;
    at += row->size() - kChunkHeadBytes;
  }
  return at == head.meta.body_length;
}

/// Writes the head row of the object at `slot` anew; of one without chunk rows the body too.
bool rewrite_head(Change& change, const NewObject& object, const IndexRecord& record,
                  const ObjectView& old) {
  const std::uint32_t slot = old.slot;
  const std::uint64_t sequence = old.sequence;
  const std::uint32_t chunk_count = old.chunk_count;
  const auto before = change.ledger.holds(slot) ? read_index(change, slot) : std::nullopt;
  if (!before || before->key != object.key || before->sequence != sequence) return false;
  IndexRecord after = record;
  after.sequence = sequence;
  after.eviction = {change.ledger.eviction_state(slot).frequency, EvictionState::kJustUsed};
  change.ledger.removed(slot, *before);
  LARDER_CHECK(change.ledger.take_slot() == slot);
  after.eviction = change.ledger.stored(slot, after);
  const Environment& environment = change.txn.environment();
  const auto index = encode_index(slot, after);
  change.txn.put(environment.index, SlotKey(slot).view(), {index.data(), index.size()});
  const std::span<char> row = change.txn.reserve(environment.objects, object.key.view(),
                                                 object_row_bytes(object, chunk_count));
  if (!row.empty()) write_object(object, sequence, slot, chunk_count, row);
  return true;
}

}  // namespace

Change::Change(Environment& environment, Ledger& ledger_in, ScopeBook& scopes_in, HeldRows& held_in)
    : txn(environment), ledger(ledger_in), scopes(scopes_in), held(held_in), now(monotonic_now()) {
  ledger.begin(eviction_tick(now));
}

Change::~Change() {
  if (committed_) return;
  ledger.rollback();
  scopes.rollback();
  held.rollback();
}

Result<void> Change::commit() {
  ledger.learn_filling(shared_pages(txn));
  pages_in_use = txn.pages_in_use();
  const std::uint64_t id = txn.id();
  Result<void> done = txn.commit();
  if (!done) return done;
  committed_ = true;
  held.commit(id);
  ledger.commit();
  scopes.commit();
  return done;
}

RowBounds row_bounds_of(const Environment& environment) {
  return row_bounds(environment.page_bytes(), environment.map_pages());
}

IndexRecord index_record(const ObjectHead& object, const Environment& environment) {
  IndexRecord record;
  record.key = object.key;
  record.expires_s = expiry_seconds(object.meta.lifetime.error_until.ms);
  const ObjectCharge charge = object_charge(head_bytes_of(object), object.meta.body_length,
                                            environment.page_bytes(), row_bounds_of(environment));
  record.small_bytes = charge.small_bytes;
  record.overflow_pages = charge.overflow_pages;
  return record;
}

void insert_object(Change& change, const NewObject& object, IndexRecord record) {
  const Environment& environment = change.txn.environment();
  const std::uint32_t slot = change.ledger.take_slot();
  record.sequence = change.ledger.next_sequence();
  record.eviction = change.ledger.stored(slot, record);
  const auto index = encode_index(slot, record);
  change.txn.put(environment.index, SlotKey(slot).view(), {index.data(), index.size()});
  const RowBounds bounds = row_bounds_of(environment);
  const std::uint32_t chunks = chunk_count_of(object.meta.body_length, bounds);
  const std::span<char> head =
      change.txn.reserve(environment.objects, object.key.view(), object_row_bytes(object, chunks));
  if (!head.empty()) write_object(object, record.sequence, slot, chunks, head);
  for (std::uint32_t i = 0; i < chunks; ++i) {
    const std::span<char> row =
        change.txn.reserve(environment.chunks, ChunkRowKey(record.sequence, i).view(),
                           chunk_row_bytes(object.meta.body_length, i, bounds));
    if (!row.empty()) write_chunk(object, record.sequence, i, bounds, row);
  }
}

// Tag and length say that the bodies are the same; an origin that wants to can make two with one
// tag. Comparing costs a fraction of writing them.
bool refresh_object(Change& change, const NewObject& object, const IndexRecord& record) {
  const Environment& environment = change.txn.environment();
  if (object.meta.body_length <= row_bounds_of(environment).inline_bytes) return false;
  const auto row = change.txn.get(environment.objects, object.key.view());
  const auto head = row ? decode_object_head(object.key, *row) : Result<ObjectView>{};
  if (!row || !head || head->chunk_count == 0) return false;
  const ObjectMeta& old = head->meta;
  const ObjectMeta& meta = object.meta;
  const bool alike = old.etag == meta.etag && old.body_length == meta.body_length &&
                     old.status == meta.status && old.kind == meta.kind &&
                     old.representation == meta.representation && old.scope == meta.scope &&
                     head->canonical == object.canonical;
  if (!alike || !same_body(change.txn, *head, object.body)) return false;
  return rewrite_head(change, object, record, *head);
}

bool is_older_than_stored(WriteTxn& txn, const NewObject& object) {
  const auto row = txn.get(txn.environment().objects, object.key.view());
  if (!row) return false;
  const Result<ObjectView> stored = decode_object_head(object.key, *row);
  return stored && stored->epoch > object.epoch;
}

bool touch_object(Change& change, const ObjectHead& touched) {
  Environment& environment = change.txn.environment();
  const auto row = change.txn.get(environment.objects, touched.key.view());
  const auto head = row ? decode_object(touched.key, *row) : Result<ObjectView>{};
  if (!row || !head) return false;
  if (head->canonical != touched.canonical || head->meta.scope != touched.meta.scope ||
      head->meta.etag != touched.meta.etag) {
    return false;
  }
  NewObject object{touched, {}};  // copies: the row dies with the next change
  object.meta = head->meta;
  object.meta.lifetime = touched.meta.lifetime;
  object.entity_fields = head->entity_fields;
  object.tags = head->tags;
  object.epoch = head->epoch;
  object.place = head->place;
  if (head->chunk_count == 0) {
    object.body.push_back(std::make_shared<const std::string>(head->body));
  }
  return rewrite_head(change, object, index_record(object, environment), *head);
}

std::optional<std::uint32_t> remove_object(Change& change, const CacheKey& key) {
  const Table objects = change.txn.environment().objects;
  const auto row = change.txn.get(objects, key.view());
  if (!row) return std::nullopt;
  const auto head = decode_object_head(key, *row);
  if (!head) {
    // A damaged one: its slot, and what else it has, is found out when the slot's turn comes.
    change.txn.erase(objects, key.view());
    return std::nullopt;
  }
  const std::uint32_t slot = head->slot;
  const std::uint64_t sequence = head->sequence;
  remove_chunks(change, *head);
  change.txn.erase(objects, key.view());
  return remove_index(change, key, slot, sequence);
}

void remove_slot(Change& change, std::uint32_t slot) {
  const auto record = read_index(change, slot);
  if (!change.ok()) return;
  if (!record) {
    // A slot of the ledger without its row: only the damage of the index does that.
    change.txn.erase(change.txn.environment().index, SlotKey(slot).view());
    IndexRecord unknown;
    unknown.expires_s = 1;
    change.ledger.removed(slot, unknown);
    return;
  }
  const Table objects = change.txn.environment().objects;
  const auto row = change.txn.get(objects, record->key.view());
  const auto head = row ? decode_object_head(record->key, *row) : Result<ObjectView>{};
  if (row && head && head->sequence == record->sequence) {
    remove_chunks(change, *head);
    change.txn.erase(objects, record->key.view());
  } else {
    // Its head was damaged: it is gone, or is there still, or another object has come.
    if (row && !head) change.txn.erase(objects, record->key.view());
    remove_chunks(change.txn, record->sequence);
  }
  change.txn.erase(change.txn.environment().index, SlotKey(slot).view());
  change.ledger.removed(slot, *record);
}

bool object_is_whole(WriteTxn& txn, const CacheKey& key) {
  const auto row = txn.get(txn.environment().objects, key.view());
  if (!row) return true;
  const auto head = decode_object(key, *row);
  if (!head) return false;
  const std::uint32_t chunks = head->chunk_count;
  const std::uint64_t sequence = head->sequence;
  std::uint64_t rest = chunks == 0 ? 0 : head->meta.body_length;
  for (std::uint32_t i = 0; i < chunks; ++i) {
    const auto chunk = txn.get(txn.environment().chunks, ChunkRowKey(sequence, i).view());
    const auto bytes = chunk ? decode_chunk(key, sequence, i, *chunk) : std::string_view{};
    if (!chunk || !bytes || bytes->size() > rest) return false;
    rest -= bytes->size();
  }
  return rest == 0;
}

void empty_objects(WriteTxn& txn) {
  const Environment& environment = txn.environment();
  for (const Table table :
       {environment.objects, environment.chunks, environment.held, environment.index}) {
    txn.empty(table);
  }
}

std::uint64_t shared_pages(WriteTxn& txn) {
  std::uint64_t sum = 0;
  const Environment& of = txn.environment();
  for (const Table table : {of.objects, of.chunks, of.index}) {
    const TablePages one = txn.pages(table);
    sum += one.branch + one.leaf;
  }
  return sum;
}

}  // namespace larder
