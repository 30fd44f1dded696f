// SPDX-License-Identifier: Apache-2.0
#include "cache/store/lmdb.h"

#include <lmdb.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "cache/store/fault.h"
#include "cache/store/format.h"
#include "conf/base/check.h"
#include "conf/base/patient_memory.h"

namespace larder {
namespace {

static_assert(std::is_same_v<Table, MDB_dbi>);

constexpr unsigned kWithoutMemory = 10;
/// Write transactions in a row that were refused memory which there is, over all environments of
/// the process.
std::atomic<unsigned> without_memory{0};

/// LMDB's largest list has 131,072 pairs of 16 bytes.
bool has_memory_for_transaction() {
  void* volatile memory = std::malloc(std::size_t{4} << 20);
  std::free(memory);
  return memory != nullptr;
}

int begin(const Environment& environment, unsigned flags, MDB_txn** txn) {
  return patient_code([&] { return mdb_txn_begin(environment.handle(), nullptr, flags, txn); });
}

MDB_val val(std::string_view bytes) {
  return MDB_val{bytes.size(), const_cast<char*>(bytes.data())};
}

std::string_view view(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

TablePages table_pages(MDB_txn* txn, Table table) {
  MDB_stat stat{};
  if (mdb_stat(txn, table, &stat) != MDB_SUCCESS) return {};
  return {stat.ms_branch_pages, stat.ms_leaf_pages, stat.ms_overflow_pages, stat.ms_entries};
}

std::uint64_t pages_in_use(MDB_txn* txn, const Environment& of) {
  constexpr Table kFreeList = 0;
  constexpr Table kTableOfTables = 1;
  std::uint64_t sum = 2;
  for (const Table table : {kFreeList, kTableOfTables, of.objects, of.chunks, of.held, of.index,
                            of.scopes, of.epochs, of.meta}) {
    const TablePages one = table_pages(txn, table);
    sum += one.branch + one.leaf + one.overflow;
  }
  return sum;
}

/// Does the page header before a value of its own pages agree with the value's length? LMDB frees
/// as many pages as that header says, four milliards if need be, and makes a list of them.
bool header_agrees(std::string_view key, std::string_view value, std::uint64_t page_bytes) {
  constexpr std::size_t kPageHeader = 16;
  constexpr std::uint16_t kOverflow = 0x04;
  const std::uint32_t expected = row_footprint(key.size(), value.size(), page_bytes).overflow_pages;
  if (expected == 0) return true;
  std::uint16_t flags = 0;
  std::uint32_t pages = 0;
  std::memcpy(&flags, value.data() - kPageHeader + 10, sizeof flags);
  std::memcpy(&pages, value.data() - kPageHeader + 12, sizeof pages);
  return (flags & kOverflow) != 0 && pages == expected;
}

}  // namespace

Error lmdb_error(int code, const char* what) {
  Error error;
  error.context = std::string(what) + ": " + mdb_strerror(code);
  switch (code) {
    case MDB_NOTFOUND:
      error.code = Error::Code::not_found;
      break;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case MDB_READERS_FULL:
    case MDB_CURSOR_FULL:
      error.code = Error::Code::full;
      break;
    // LMDB's own codes are negative; what is left of them means a damaged or foreign file.
    case MDB_PANIC:
      error.code = Error::Code::io;
      break;
    default:
      error.code = code < 0 ? Error::Code::corrupt : Error::Code::io;
      break;
  }
  return error;
}

// --- ReadTxn
// --------------------------------------------------------------------------------------

ReadTxn::ReadTxn(const Environment& environment) : environment_(environment) {
  if (begin(environment, MDB_RDONLY, &txn_) != MDB_SUCCESS) txn_ = nullptr;
}

ReadTxn::~ReadTxn() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

std::optional<std::string_view> ReadTxn::get(Table table, std::string_view key) const {
  MDB_val wanted = val(key);
  MDB_val found{};
  if (txn_ == nullptr || mdb_get(txn_, table, &wanted, &found) != MDB_SUCCESS) return std::nullopt;
  return view(found);
}

TablePages ReadTxn::pages(Table table) const {
  if (txn_ == nullptr) return {};
  return table_pages(txn_, table);
}

std::uint64_t ReadTxn::pages_in_use() const {
  return txn_ == nullptr ? 0 : larder::pages_in_use(txn_, environment_);
}

std::uint64_t ReadTxn::id() const {
  return txn_ == nullptr ? 0 : mdb_txn_id(txn_);
}

/// LMDB's table of free pages: the number of the transaction that freed them -> a list, its length
/// first.
std::uint64_t ReadTxn::pages_freed_since(std::uint64_t id) const {
  constexpr Table kFreeList = 0;
  MDB_cursor* cursor = nullptr;
  if (txn_ == nullptr || mdb_cursor_open(txn_, kFreeList, &cursor) != MDB_SUCCESS) return 0;
  std::uint64_t pages = 0;
  MDB_val key{sizeof id, &id};
  MDB_val list{};
  MDB_cursor_op step = MDB_SET_RANGE;
  while (mdb_cursor_get(cursor, &key, &list, step) == MDB_SUCCESS) {
    step = MDB_NEXT;
    std::size_t length = 0;
    if (list.mv_size >= sizeof length) std::memcpy(&length, list.mv_data, sizeof length);
    pages += length;
  }
  mdb_cursor_close(cursor);
  return pages;
}

Result<void> ReadTxn::for_each_from(Table table, std::string_view from,
                                    const std::function<bool(const Row&)>& visit) const {
  // No tree was read: that is no damage.
  if (txn_ == nullptr) return fail(Error::Code::io, "no transaction to read a table by");
  MDB_cursor* cursor = nullptr;
  int code = patient_code([&] { return mdb_cursor_open(txn_, table, &cursor); });
  if (code != MDB_SUCCESS) return tl::unexpected<Error>(lmdb_error(code, "reading a table"));
  std::uint64_t left = pages(table).rows;
  MDB_val key = val(from);
  MDB_val value{};
  MDB_cursor_op step = from.empty() ? MDB_NEXT : MDB_SET_RANGE;
  while ((code = mdb_cursor_get(cursor, &key, &value, step)) == MDB_SUCCESS) {
    step = MDB_NEXT;
    if (left-- == 0) {
      code = MDB_CORRUPTED;
      break;
    }
    if (!visit(Row{view(key), view(value)})) {
      code = MDB_NOTFOUND;
      break;
    }
  }
  mdb_cursor_close(cursor);
  if (code != MDB_NOTFOUND) return tl::unexpected<Error>(lmdb_error(code, "reading a table"));
  return {};
}

// --- WriteTxn
// -------------------------------------------------------------------------------------

WriteTxn::WriteTxn(Environment& environment) : environment_(environment) {
  note(begin(environment, 0, &txn_), "mdb_txn_begin");
}

WriteTxn::~WriteTxn() {
  close_cursor();
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

void WriteTxn::note(int code, const char* what) {
  if (code == MDB_SUCCESS || error_) return;
  error_ = lmdb_error(code, what);
  // What a transaction needs of memory is bounded. Where it is refused again and again while there
  // is so much, damaged lengths ask for more.
  if (code != ENOMEM || !has_memory_for_transaction()) return;
  if (++without_memory >= kWithoutMemory) error_->code = Error::Code::corrupt;
}

void WriteTxn::close_cursor() {
  if (cursor_ != nullptr) mdb_cursor_close(cursor_);
  cursor_ = nullptr;
}

std::uint64_t WriteTxn::id() const {
  return txn_ == nullptr ? 0 : mdb_txn_id(txn_);
}

std::optional<std::string_view> WriteTxn::get(Table table, std::string_view key) {
  if (!ok()) return std::nullopt;
  MDB_val wanted = val(key);
  MDB_val found{};
  const int code = mdb_get(txn_, table, &wanted, &found);
  if (code == MDB_SUCCESS) return view(found);
  if (code != MDB_NOTFOUND) note(code, "mdb_get");
  return std::nullopt;
}

bool WriteTxn::open_cursor(Table table) {
  if (!ok()) return false;
  if (cursor_ != nullptr && cursor_table_ != table) close_cursor();
  if (cursor_ == nullptr) note(mdb_cursor_open(txn_, table, &cursor_), "mdb_cursor_open");
  cursor_table_ = table;
  return ok();
}

std::optional<Row> WriteTxn::at_or_after(Table table, std::string_view key) {
  if (!open_cursor(table)) return std::nullopt;
  MDB_val found_key = val(key);
  MDB_val found{};
  const int code = mdb_cursor_get(cursor_, &found_key, &found, MDB_SET_RANGE);
  if (code == MDB_SUCCESS) return Row{view(found_key), view(found)};
  if (code != MDB_NOTFOUND) note(code, "mdb_cursor_get");
  return std::nullopt;
}

void WriteTxn::scan(Table table, std::string_view key, std::size_t key_bytes,
                    const std::function<bool(const Row&)>& visit) {
  constexpr int kRowsOfPage = 80;  // no row of `objects` is smaller
  if (!open_cursor(table)) return;
  MDB_val at = val(key);
  MDB_val value{};
  int code = mdb_cursor_get(cursor_, &at, &value, MDB_SET_RANGE);
  if (code == MDB_NOTFOUND) code = mdb_cursor_get(cursor_, &at, &value, MDB_LAST);
  for (int i = 0; code == MDB_SUCCESS && i < kRowsOfPage; ++i) {
    if (mdb_cursor_get(cursor_, &at, &value, MDB_PREV) != MDB_SUCCESS) break;
    if (view(at) >= key) code = MDB_CORRUPTED;
  }
  if (code == MDB_SUCCESS) code = mdb_cursor_get(cursor_, &at, &value, MDB_GET_CURRENT);
  std::string before;
  while (code == MDB_SUCCESS) {
    const std::string_view now = view(at);
    if (now.size() != key_bytes || now <= before) return note(MDB_CORRUPTED, "rows out of order");
    before = now;
    if (now >= key && !visit(Row{now, view(value)})) return;
    code = mdb_cursor_get(cursor_, &at, &value, MDB_NEXT);
  }
  if (code != MDB_NOTFOUND) note(code, "reading a table");
}

void WriteTxn::put(Table table, std::string_view key, std::string_view value) {
  if (!ok()) return;
  MDB_val at = val(key);
  MDB_val bytes = val(value);
  note(mdb_put(txn_, table, &at, &bytes, 0), "mdb_put");
}

void WriteTxn::append(Table table, std::string_view key, std::string_view value) {
  if (!ok()) return;
  MDB_val at = val(key);
  MDB_val bytes = val(value);
  note(mdb_put(txn_, table, &at, &bytes, MDB_APPEND), "a row out of order");
}

void WriteTxn::fail_as_damaged(const char* what) {
  note(MDB_CORRUPTED, what);
}

std::span<char> WriteTxn::reserve(Table table, std::string_view key, std::size_t bytes) {
  if (!ok()) return {};
  MDB_val at = val(key);
  MDB_val room{bytes, nullptr};
  note(mdb_put(txn_, table, &at, &room, MDB_RESERVE), "mdb_put");
  if (!ok()) return {};
  return {static_cast<char*>(room.mv_data), room.mv_size};
}

bool WriteTxn::erase(Table table, std::string_view key) {
  if (!ok()) return false;
  MDB_val at = val(key);
  MDB_val value{};
  int code = mdb_get(txn_, table, &at, &value);
  if (code == MDB_SUCCESS && !header_agrees(key, view(value), environment_.page_bytes())) {
    code = MDB_CORRUPTED;
  }
  if (code == MDB_SUCCESS) code = mdb_del(txn_, table, &at, nullptr);
  if (code != MDB_NOTFOUND) note(code, "deleting a row");
  return code == MDB_SUCCESS;
}

void WriteTxn::empty(Table table) {
  if (ok()) check_headers(table);
  if (ok()) note(mdb_drop(txn_, table, 0), "mdb_drop");
}

void WriteTxn::check_headers(Table table) {
  close_cursor();
  TablePages left = pages(table);
  if (left.overflow == 0) return;
  MDB_cursor* cursor = nullptr;
  int code = mdb_cursor_open(txn_, table, &cursor);
  if (code != MDB_SUCCESS) return note(code, "mdb_cursor_open");
  MDB_val key{};
  MDB_val value{};
  while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
    if (left.rows-- > 0 && header_agrees(view(key), view(value), environment_.page_bytes()))
      continue;
    code = MDB_CORRUPTED;
    break;
  }
  mdb_cursor_close(cursor);
  if (code != MDB_NOTFOUND) note(code, "reading a table");
}

TablePages WriteTxn::pages(Table table) {
  if (!ok()) return {};
  return table_pages(txn_, table);
}

std::uint64_t WriteTxn::pages_in_use() {
  return ok() ? larder::pages_in_use(txn_, environment_) : 0;
}

Result<void> WriteTxn::commit() {
  close_cursor();
  if (ok()) {
    const int code = mdb_txn_commit(txn_);
    txn_ = nullptr;
    note(code, "mdb_txn_commit");
  }
  if (ok()) without_memory = 0;
  if (error_) return tl::unexpected<Error>(*error_);
  return {};
}

// --- Snapshot
// -------------------------------------------------------------------------------------

Snapshot::Snapshot(std::shared_ptr<const Environment> environment)
    : environment_(std::move(environment)) {}

Snapshot::~Snapshot() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

bool Snapshot::take() noexcept {
  LARDER_CHECK(!taken_);
  const FaultGuard guard;
  if (txn_ == nullptr) {
    taken_ = begin(*environment_, MDB_RDONLY, &txn_) == MDB_SUCCESS;
    if (!taken_) txn_ = nullptr;
  } else {
    taken_ = mdb_txn_renew(txn_) == MDB_SUCCESS;
  }
  return taken_;
}

void Snapshot::let_go() noexcept {
  if (!taken_) return;
  mdb_txn_reset(txn_);
  taken_ = false;
}

std::uint64_t Snapshot::id() const noexcept {
  return mdb_txn_id(txn_);
}

Snapshot::Found Snapshot::get(Table table, std::string_view key,
                              std::string_view& row) const noexcept {
  MDB_val wanted = val(key);
  MDB_val found{};
  const int code = mdb_get(txn_, table, &wanted, &found);
  if (code == MDB_NOTFOUND) return Found::no;
  if (code != MDB_SUCCESS) return Found::damaged;
  row = view(found);
  return Found::yes;
}

bool Snapshot::has_prefix(std::string_view prefix) const noexcept {
  MDB_cursor* cursor = nullptr;
  if (mdb_cursor_open(txn_, environment_->objects, &cursor) != MDB_SUCCESS) return true;
  MDB_val key = val(prefix);
  MDB_val row{};
  const int code = mdb_cursor_get(cursor, &key, &row, MDB_SET_RANGE);
  mdb_cursor_close(cursor);
  if (code == MDB_NOTFOUND) return false;
  return code != MDB_SUCCESS || view(key).starts_with(prefix);
}

}  // namespace larder
