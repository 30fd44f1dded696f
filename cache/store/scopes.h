// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cache/store/lmdb.h"
#include "cache/store/scope_uses.h"
#include "cache/store/store.h"

namespace larder {

/// The scopes that have objects in the store: the table `scopes` and its copy in memory. Every
/// scope with an object has a row, written in the object's transaction, for that is how purges find
/// it. The writer thread's.
class ScopeBook {
 public:
  struct Entry {
    ScopeLabel label;
    std::int64_t stored_ms = 0;   ///< last store
    std::int64_t written_ms = 0;  ///< as the row has it
  };

  /// `uses` outlives it.
  ScopeBook(std::size_t max_scopes, ScopeUses& uses)
      : max_scopes_(max_scopes), uses_(uses), newcomers_(max_scopes) {}

  /// Reads the table. Error::corrupt: a row is damaged, so that purges could miss objects.
  Result<void> load(const Environment& environment);

  bool knows(const ScopeMac& mac) const { return entries_.contains(mac); }
  /// Would `more` scopes be too many?
  bool lacks_room_for(std::size_t more) const { return entries_.size() + more > max_scopes_; }
  std::size_t size() const { return entries_.size(); }
  /// One that is not known would store something. Counts that, and when there are too many scopes,
  /// tells who is to leave for it: the one that was used least recently, if the newcomer is busier.
  struct Verdict {
    bool admitted = true;
    std::optional<ScopeMac> leaves;
  };
  Verdict judge_newcomer(const ScopeMac& mac, std::int64_t now_ms);
  /// Scopes whose labels a purge selects; empty = any.
  std::vector<ScopeLabel> matching(const PurgeOrder& order) const;
  std::vector<ScopeLabel> labels(std::size_t at_most) const;

  /// An object of the scope is stored in `txn`.
  void note(WriteTxn& txn, const ScopeLabel& label, std::int64_t now_ms);
  /// An object that the scope had is stored again; nothing of a scope that is not known.
  void note_again(WriteTxn& txn, const ScopeMac& mac, std::int64_t now_ms);
  /// The scope has no objects from `txn` on.
  void forget(WriteTxn& txn, const ScopeMac& mac);
  /// Empties the table with the objects.
  void empty(WriteTxn& txn);
  /// The table was emptied, or the database given up.
  void clear();

  /// The transaction of the last note()s and forget()s was committed, or was not.
  void commit() { undo_.clear(); }
  void rollback();

 private:
  void write_sum(WriteTxn& txn) const;

  struct MacHash {
    std::size_t operator()(const ScopeMac& mac) const;
  };
  std::size_t max_scopes_;
  ScopeUses& uses_;
  ScopeNewcomers newcomers_;
  std::unordered_map<ScopeMac, Entry, MacHash> entries_;
  /// What the changed entries were before; nothing = there was none.
  std::vector<std::pair<ScopeMac, std::optional<Entry>>> undo_;
};

/// ScopeBook::load() without keeping anything.
Result<void> check_scopes(const Environment& environment);

}  // namespace larder
