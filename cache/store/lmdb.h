// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cache/store/fault.h"
#include "conf/base/result.h"

struct MDB_env;
struct MDB_txn;
struct MDB_cursor;

/// RAII over LMDB. Errors are values; LMDB's codes are translated in one place.
namespace larder {

/// LMDB's `MDB_dbi`.
using Table = unsigned int;

/// full: map, transaction or reader table; corrupt: LMDB found the file damaged; io: the system
/// refused; not_found.
Error lmdb_error(int code, const char* what);

/// An open database and its tables. Shared by the store and its readers, for a reader may still be
/// in one that has been given up; the last to let go closes it.
class Environment {
 public:
  /// Creates what is missing. The caller holds the directory's lock and has checked the file. The
  /// map has `map_bytes`, or what the file uses already when that is more.
  static Result<std::shared_ptr<Environment>> open(const std::string& directory,
                                                   std::uint64_t map_bytes);
  /// Without a reader table: while anybody reads here, nobody may write to the file by another
  /// Environment.
  static Result<std::shared_ptr<Environment>> open_read_only(const std::string& directory);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  MDB_env* handle() const { return handle_; }
  std::uint64_t page_bytes() const { return page_bytes_; }
  std::uint64_t map_pages() const { return map_pages_; }
  /// Pages from the start of the file to the last one ever used.
  std::uint64_t file_pages() const;
  unsigned readers_used() const;
  /// Pages that no transaction can take while one reads as of transaction `since`: those in use,
  /// and those that were freed since then.
  std::uint64_t pages_taken(std::uint64_t since) const;
  /// False = LMDB refuses every transaction from now on, because a metadata page could not be
  /// written. What is in the file is good; another Environment can open it.
  bool usable() const;

  /// Makes all commits durable, the metadata page of the last one included.
  Result<void> sync();
  /// Sees to disk blocks for these pages, as far as the map goes. Error::full: the disk has none;
  /// done where the filesystem cannot tell.
  Result<void> allocate(std::uint64_t from_page, std::uint64_t to_page);
  /// Frees the places of readers whose process is gone.
  void drop_dead_readers();

  Table objects = 0, chunks = 0, held = 0, index = 0, scopes = 0, epochs = 0, meta = 0;

 private:
  Environment() = default;
  Result<void> open_handle(const std::string& directory, std::uint64_t map_bytes, unsigned flags);
  void note_map();
  Result<void> make_headroom(std::uint64_t map_bytes);
  Result<void> extend_file();
  Result<void> open_tables(unsigned txn_flags);
  int file() const;

  MDB_env* handle_ = nullptr;
  std::uint64_t page_bytes_ = 0;
  std::uint64_t map_pages_ = 0;
  WatchedMap map_;
};

/// Pages of one table.
struct TablePages {
  std::uint64_t branch = 0, leaf = 0, overflow = 0, rows = 0;
};

struct Row {
  std::string_view key, value;
};

/// A read transaction that ends with its scope.
class ReadTxn {
 public:
  explicit ReadTxn(const Environment& environment);
  ~ReadTxn();
  ReadTxn(const ReadTxn&) = delete;
  ReadTxn& operator=(const ReadTxn&) = delete;

  bool ok() const { return txn_ != nullptr; }
  std::optional<std::string_view> get(Table table, std::string_view key) const;
  TablePages pages(Table table) const;
  /// As WriteTxn::pages_in_use().
  std::uint64_t pages_in_use() const;
  /// LMDB's number of the transaction whose changes it sees last.
  std::uint64_t id() const;
  /// Pages that were freed by this transaction and later ones, and have not been used since.
  std::uint64_t pages_freed_since(std::uint64_t id) const;
  /// Every row in key order until `visit` returns false, at most as many as the table says it has:
  /// a damaged tree may run in circles.
  Result<void> for_each(Table table, const std::function<bool(const Row&)>& visit) const {
    return for_each_from(table, {}, visit);
  }
  /// The same, at and behind `key`; "" = from the first one on.
  Result<void> for_each_from(Table table, std::string_view key,
                             const std::function<bool(const Row&)>& visit) const;

 private:
  const FaultGuard guard_;
  const Environment& environment_;
  MDB_txn* txn_ = nullptr;
};

/// A write transaction. The first error sticks: later calls do nothing and find nothing, commit()
/// reports it. Aborted unless committed. Views live until the next change.
class WriteTxn {
 public:
  explicit WriteTxn(Environment& environment);
  ~WriteTxn();
  WriteTxn(const WriteTxn&) = delete;
  WriteTxn& operator=(const WriteTxn&) = delete;

  bool ok() const { return !error_; }
  Environment& environment() { return environment_; }
  /// LMDB's number of the transaction: snapshots with this number or a later one show its changes.
  std::uint64_t id() const;

  std::optional<std::string_view> get(Table table, std::string_view key);
  /// The first row at or behind `key`.
  std::optional<Row> at_or_after(Table table, std::string_view key);
  /// The rows at and behind `key` in order until `visit` returns false. Rows out of order, or whose
  /// keys have another length, are an error, a page before `key` included: where a search goes
  /// astray, so would a purge.
  void scan(Table table, std::string_view key, std::size_t key_bytes,
            const std::function<bool(const Row&)>& visit);
  void put(Table table, std::string_view key, std::string_view value);
  /// As put(), behind all rows that the table has: Error::corrupt where the key does not follow.
  void append(Table table, std::string_view key, std::string_view value);
  /// Room for a value, to be filled whole before the next call; empty after an error.
  std::span<char> reserve(Table table, std::string_view key, std::size_t bytes);
  /// False = there was none.
  bool erase(Table table, std::string_view key);
  void empty(Table table);
  TablePages pages(Table table);
  /// Everything that is not free: all tables, the free list and the metadata pages.
  std::uint64_t pages_in_use();

  /// The caller met what only damage explains: the transaction fails with Error::corrupt.
  void fail_as_damaged(const char* what);
  Result<void> commit();

 private:
  void note(int code, const char* what);
  bool open_cursor(Table table);
  void close_cursor();
  void check_headers(Table table);

  const FaultGuard guard_;
  Environment& environment_;
  MDB_txn* txn_ = nullptr;
  MDB_cursor* cursor_ = nullptr;  ///< of at_or_after()
  Table cursor_table_ = 0;
  std::optional<Error> error_;
};

/// A reader's snapshot, taken and let go again and again without allocating.
class Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<const Environment> environment);
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  /// False = LMDB refused (its reader table is full).
  bool take() noexcept;
  void let_go() noexcept;
  bool taken() const noexcept { return taken_; }
  /// LMDB's number of the transaction that it shows: the same number, the same rows at the same
  /// places.
  std::uint64_t id() const noexcept;
  enum class Found : std::uint8_t { yes, no, damaged };
  Found get(Table table, std::string_view key, std::string_view& row) const noexcept;
  /// Does the key of any row of `objects` begin so? True when LMDB cannot tell.
  bool has_prefix(std::string_view prefix) const noexcept;
  const Environment* environment() const { return environment_.get(); }

 private:
  std::shared_ptr<const Environment> environment_;
  MDB_txn* txn_ = nullptr;
  bool taken_ = false;
};

}  // namespace larder
