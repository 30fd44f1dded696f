// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cache/store/held_rows.h"
#include "cache/store/ledger.h"
#include "cache/store/lmdb.h"
#include "cache/store/object.h"
#include "cache/store/scopes.h"

namespace larder {

/// A write transaction with the memory that goes along with it: both happen or neither.
class Change {
 public:
  Change(Environment& environment, Ledger& ledger_in, ScopeBook& scopes_in, HeldRows& held_in);
  ~Change();
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  bool ok() const { return txn.ok(); }
  Result<void> commit();

  WriteTxn txn;
  Ledger& ledger;
  ScopeBook& scopes;
  HeldRows& held;
  const MonotonicTime now;
  /// What it does, for the counters once it is committed.
  std::uint64_t stored = 0, replaced = 0, touched = 0, evicted = 0, not_admitted = 0;
  std::uint64_t pages_in_use = 0;  ///< set by commit()

 private:
  bool committed_ = false;
};

RowBounds row_bounds_of(const Environment& environment);

/// What the object will take, with its rows of all tables.
IndexRecord index_record(const ObjectHead& object, const Environment& environment);

/// Writes an object's rows of all tables under a new sequence. There is none of its key; the slot
/// of one that was just removed is taken again.
void insert_object(Change& change, const NewObject& object, IndexRecord record);

/// Where the key has an object with chunk rows that differs from `object` in nothing but its
/// lifetime, fields and tags, the bytes of its body compared one by one: writes its head row anew,
/// under the sequence that it has. False = there is no such object; nothing was done.
bool refresh_object(Change& change, const NewObject& object, const IndexRecord& record);

/// Is there an object of its key whose fill began after a purge that `object`'s has not seen?
bool is_older_than_stored(WriteTxn& txn, const NewObject& object);

/// Gives the object of `touched`'s key, canonical request, scope and entity tag the lifetime and
/// shared fields of `touched`; its body and all else stay. False = there is no such object.
bool touch_object(Change& change, const ObjectHead& touched);

/// Removes the rows of a key, whatever state they are in. How often the eviction policy saw the
/// object used, or nothing when there was no whole one.
std::optional<std::uint32_t> remove_object(Change& change, const CacheKey& key);

/// Removes the object that has this slot. Always frees the slot.
void remove_slot(Change& change, std::uint32_t slot);

/// Is every row of this key whole? (True when there is none.)
bool object_is_whole(WriteTxn& txn, const CacheKey& key);

/// Empties the tables of objects; ledger and held rows follow after the commit.
void empty_objects(WriteTxn& txn);

/// Pages of rows that share pages, branches above them included.
std::uint64_t shared_pages(WriteTxn& txn);

}  // namespace larder
