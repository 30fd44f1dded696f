// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "cache/store/charge.h"
#include "cache/store/fault.h"
#include "cache/store/lmdb.h"
#include "cache/store/reader_table.h"
#include "conf/base/patient_memory.h"

namespace larder {
namespace {

constexpr unsigned kMaxReaders = 1022;
constexpr unsigned kMaxTables = 16;

// NOMETASYNC: data pages are synced before the metadata page that makes them reachable, so a power
// cut costs the last commit, never the tree; purges sync it themselves. NOTLS: a snapshot belongs
// to its StoreReader. Reading ahead stays on: it warms a store that fits in memory after a
// reboot, and Linux ends it by itself for a file where it keeps missing.
// Not NOSYNC (a power cut mixes old and new pages), not WRITEMAP (a full disk becomes SIGBUS, a
// stray write becomes damage), not NOMEMINIT (heap leftovers would reach the disk).
constexpr unsigned kFlags = MDB_NOMETASYNC | MDB_NOTLS;

void on_assert(MDB_env*, const char* message) {
  abandon_database(message);
}

/// Of LMDB's codes; null in `handle` where it failed.
int make_handle(const std::string& directory, std::uint64_t map_bytes, unsigned flags,
                MDB_env** handle) {
  int code = mdb_env_create(handle);
  if (code != MDB_SUCCESS) return code;
  mdb_env_set_assert(*handle, on_assert);
  code = mdb_env_set_mapsize(*handle, map_bytes);
  if (code == MDB_SUCCESS) code = mdb_env_set_maxdbs(*handle, kMaxTables);
  if (code == MDB_SUCCESS) code = mdb_env_set_maxreaders(*handle, kMaxReaders);
  if (code == MDB_SUCCESS) code = mdb_env_open(*handle, directory.c_str(), flags, 0600);
  if (code == MDB_SUCCESS) return code;
  mdb_env_close(*handle);
  *handle = nullptr;
  return code;
}

int open_all_tables(Environment& of, unsigned txn_flags) {
  MDB_txn* txn = nullptr;
  const unsigned create = txn_flags == MDB_RDONLY ? 0 : MDB_CREATE;
  int code = mdb_txn_begin(of.handle(), nullptr, txn_flags, &txn);
  if (code != MDB_SUCCESS) return code;
  code = mdb_dbi_open(txn, "objects", create, &of.objects);
  if (code == MDB_SUCCESS) code = mdb_dbi_open(txn, "chunks", create, &of.chunks);
  if (code == MDB_SUCCESS) code = mdb_dbi_open(txn, "held", create, &of.held);
  if (code == MDB_SUCCESS) code = mdb_dbi_open(txn, "index", create | MDB_INTEGERKEY, &of.index);
  if (code == MDB_SUCCESS) code = mdb_dbi_open(txn, "scopes", create, &of.scopes);
  if (code == MDB_SUCCESS) code = mdb_dbi_open(txn, "epochs", create, &of.epochs);
  if (code == MDB_SUCCESS) code = mdb_dbi_open(txn, "meta", create, &of.meta);
  if (code == MDB_SUCCESS) return mdb_txn_commit(txn);
  mdb_txn_abort(txn);
  return code;
}

}  // namespace

Result<std::shared_ptr<Environment>> Environment::open(const std::string& directory,
                                                       std::uint64_t map_bytes) {
  const FaultGuard guard;
  std::shared_ptr<Environment> made(new Environment);
  ReaderTable readers(directory);
  Result<void> done = readers.place();
  if (done) done = made->open_handle(directory, map_bytes, kFlags);
  if (done) done = made->open_tables(0);
  if (done) done = made->make_headroom(map_bytes);
  if (done) done = made->extend_file();
  if (!done) return tl::unexpected<Error>(std::move(done.error()));
  return made;
}

Result<std::shared_ptr<Environment>> Environment::open_read_only(const std::string& directory) {
  const FaultGuard guard;
  std::shared_ptr<Environment> made(new Environment);
  Result<void> done = made->open_handle(directory, 0, MDB_NOTLS | MDB_RDONLY | MDB_NOLOCK);
  if (done) done = made->open_tables(MDB_RDONLY);
  if (!done) return tl::unexpected<Error>(std::move(done.error()));
  return made;
}

Environment::~Environment() {
  if (handle_ != nullptr) mdb_env_close(handle_);
}

Result<void> Environment::open_handle(const std::string& directory, std::uint64_t map_bytes,
                                      unsigned flags) {
  const int code = patient_code([&] { return make_handle(directory, map_bytes, flags, &handle_); });
  if (code != MDB_SUCCESS) {
    return tl::unexpected<Error>(lmdb_error(code, ("opening " + directory + "/data.mdb").c_str()));
  }
  MDB_stat stat{};
  mdb_env_stat(handle_, &stat);
  page_bytes_ = stat.ms_psize;
  note_map();
  return {};
}

void Environment::note_map() {
  MDB_envinfo info{};
  mdb_env_info(handle_, &info);
  map_pages_ = info.me_mapsize / page_bytes_;
  map_.watch(file());
}

/// Deleting takes new pages first. Where more is stored than the bound allows, because it has been
/// lowered, there may be no free page within the file: it may then grow by an eighth.
Result<void> Environment::make_headroom(std::uint64_t map_bytes) {
  const std::uint64_t in_use = ReadTxn(*this).pages_in_use();
  if (in_use * page_bytes_ <= map_bytes / 100 * kCeiling) return {};
  const std::uint64_t used = file_pages();
  const int code = mdb_env_set_mapsize(handle_, (used + used / 8 + 64) * page_bytes_);
  if (code != MDB_SUCCESS) return tl::unexpected<Error>(lmdb_error(code, "mapping data.mdb"));
  note_map();
  return {};
}

/// The file has the map's length from the start (sparse): a page of the map without one of the file
/// behind it is a SIGBUS, and with this a file that is shorter than its metadata says was
/// truncated.
Result<void> Environment::extend_file() {
  const int fd = file();
  struct stat status {};
  const auto wanted = static_cast<off_t>(map_pages_ * page_bytes_);
  if (::fstat(fd, &status) != 0 || (status.st_size != wanted && ::ftruncate(fd, wanted) != 0)) {
    return tl::unexpected<Error>(lmdb_error(errno, "setting the length of data.mdb"));
  }
  return {};
}

Result<void> Environment::open_tables(unsigned txn_flags) {
  const int code = patient_code([&] { return open_all_tables(*this, txn_flags); });
  if (code != MDB_SUCCESS) return tl::unexpected<Error>(lmdb_error(code, "opening tables"));
  return {};
}

std::uint64_t Environment::file_pages() const {
  MDB_envinfo info{};
  mdb_env_info(handle_, &info);
  return info.me_last_pgno + 1;
}

unsigned Environment::readers_used() const {
  MDB_envinfo info{};
  mdb_env_info(handle_, &info);
  return info.me_numreaders;
}

std::uint64_t Environment::pages_taken(std::uint64_t since) const {
  const ReadTxn txn(*this);
  return txn.pages_in_use() + txn.pages_freed_since(since);
}

bool Environment::usable() const {
  return ReadTxn(*this).ok();
}

int Environment::file() const {
  int fd = -1;
  mdb_env_get_fd(handle_, &fd);
  return fd;
}

Result<void> Environment::sync() {
  const int code = mdb_env_sync(handle_, 1);
  if (code != MDB_SUCCESS) return tl::unexpected<Error>(lmdb_error(code, "syncing data.mdb"));
  return {};
}

Result<void> Environment::allocate(std::uint64_t from_page, std::uint64_t to_page) {
  to_page = std::min(to_page, map_pages_);
  if (from_page >= to_page) return {};
  const auto at = static_cast<off_t>(from_page * page_bytes_);
  const auto length = (to_page - from_page) * page_bytes_;
  if (::fallocate(file(), 0, at, static_cast<off_t>(length)) == 0) return {};
  if (errno == EOPNOTSUPP || errno == ENOSYS) {
    struct statvfs disk {};
    if (::fstatvfs(file(), &disk) != 0 || disk.f_bavail * disk.f_frsize > length) return {};
    errno = ENOSPC;
  }
  return fail(Error::Code::full, std::string("reserving disk space: ") + std::strerror(errno));
}

void Environment::drop_dead_readers() {
  int dead = 0;
  mdb_reader_check(handle_, &dead);
}

}  // namespace larder
