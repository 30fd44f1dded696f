// SPDX-License-Identifier: Apache-2.0
#include "cache/store/rows.h"

#include "cache/store/charge.h"

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

/// Whatever lies under the key, found by walking.
void remove_rows(Change& change, const CacheKey& key) {
  const Table objects = change.txn.environment().objects;
  while (true) {
    const auto row = change.txn.at_or_after(objects, ObjectRowKey(key).view());
    if (!row || !row->key.starts_with(key.view())) return;
    const std::string found(row->key);
    if (!change.txn.erase(objects, found)) return;
  }
}

void remove_rows(Change& change, const CacheKey& key, std::uint32_t chunk_count) {
  for (std::uint32_t row = 0; row <= chunk_count; ++row) {
    change.txn.erase(change.txn.environment().objects, ObjectRowKey(key, row).view());
  }
}

}  // namespace

Change::Change(Environment& environment, Ledger& ledger_in, ScopeBook& scopes_in)
    : txn(environment), ledger(ledger_in), scopes(scopes_in) {
  ledger.begin(eviction_tick(monotonic_now()));
}

Change::~Change() {
  if (committed_) return;
  ledger.rollback();
  scopes.rollback();
}

Result<void> Change::commit() {
  ledger.learn_filling(shared_pages(txn));
  pages_in_use = txn.pages_in_use();
  Result<void> done = txn.commit();
  if (!done) return done;
  committed_ = true;
  ledger.commit();
  scopes.commit();
  return done;
}

RowBounds row_bounds_of(const Environment& environment) {
  return row_bounds(environment.page_bytes(), environment.map_pages());
}

IndexRecord index_record(const NewObject& object, const Environment& environment) {
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
  const std::span<char> head = change.txn.reserve(
      environment.objects, ObjectRowKey(object.key).view(), object_row_bytes(object, chunks));
  if (!head.empty()) write_object(object, record.sequence, slot, chunks, head);
  for (std::uint32_t i = 0; i < chunks; ++i) {
    const std::span<char> row =
        change.txn.reserve(environment.objects, ObjectRowKey(object.key, i + 1).view(),
                           chunk_row_bytes(object.meta.body_length, i, bounds));
    if (!row.empty()) write_chunk(object, record.sequence, i, bounds, row);
  }
}

std::optional<std::uint32_t> remove_object(Change& change, const CacheKey& key) {
  const auto row = change.txn.get(change.txn.environment().objects, ObjectRowKey(key).view());
  const auto head = row ? decode_object_head(key, *row) : Result<ObjectView>{};
  if (!row || !head) {
    // No head, or a damaged one: chunk rows may be left. Its slot is found out when its turn comes.
    remove_rows(change, key);
    return std::nullopt;
  }
  const std::uint32_t slot = head->slot;
  const std::uint64_t sequence = head->sequence;
  remove_rows(change, key, head->chunk_count);
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
  const auto row =
      change.txn.get(change.txn.environment().objects, ObjectRowKey(record->key).view());
  if (row) {
    const auto head = decode_object_head(record->key, *row);
    if (!head) {
      remove_rows(change, record->key);
    } else if (head->sequence == record->sequence) {
      remove_rows(change, record->key, head->chunk_count);
    }
  }
  change.txn.erase(change.txn.environment().index, SlotKey(slot).view());
  change.ledger.removed(slot, *record);
}

bool object_is_whole(WriteTxn& txn, const CacheKey& key) {
  const Table objects = txn.environment().objects;
  const auto row = txn.get(objects, ObjectRowKey(key).view());
  if (!row) return true;
  const auto head = decode_object(key, *row);
  if (!head) return false;
  const std::uint32_t chunks = head->chunk_count;
  const std::uint64_t sequence = head->sequence;
  std::uint64_t rest = chunks == 0 ? 0 : head->meta.body_length;
  for (std::uint32_t i = 0; i < chunks; ++i) {
    const auto chunk = txn.get(objects, ObjectRowKey(key, i + 1).view());
    const auto bytes = chunk ? decode_chunk(key, sequence, i, *chunk) : std::string_view{};
    if (!chunk || !bytes || bytes->size() > rest) return false;
    rest -= bytes->size();
  }
  return rest == 0;
}

void empty_objects(WriteTxn& txn) {
  const Environment& environment = txn.environment();
  txn.empty(environment.objects);
  txn.empty(environment.index);
}

std::uint64_t shared_pages(WriteTxn& txn) {
  const TablePages objects = txn.pages(txn.environment().objects);
  const TablePages index = txn.pages(txn.environment().index);
  return objects.branch + objects.leaf + index.branch + index.leaf;
}

}  // namespace larder
