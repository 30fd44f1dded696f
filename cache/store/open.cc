// SPDX-License-Identifier: Apache-2.0
#include "cache/store/open.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cache/store/fault.h"
#include "cache/store/format.h"
#include "cache/store/scopes.h"
#include "conf/base/fd.h"
#include "conf/base/log.h"
#include "conf/base/startup_error.h"

namespace larder {
namespace {

/// Starts in a row that may die between opening the database and having read from it.
constexpr off_t kFailedStarts = 2;
/// Deaths of unknown cause since the last long life.
constexpr unsigned kDeaths = 3;

std::string reason() {
  return std::strerror(errno);
}

/// Counts starts: raised before the first touch of the map, cleared when the database has been
/// opened and read. No fsync: the process dies of a bad file, not the kernel.
class StartMarker {
 public:
  explicit StartMarker(const std::string& path)
      : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
    if (!fd_) throw StartupError("cannot write " + path + ": " + reason());
    struct stat status {};
    if (::fstat(fd_.get(), &status) == 0) failed_ = status.st_size;
  }

  off_t failed() const { return failed_; }
  void raise() {
    if (::write(fd_.get(), "?", 1) != 1)
      throw StartupError("cannot write " + path_ + ": " + reason());
  }
  void clear() { ::unlink(path_.c_str()); }

 private:
  std::string path_;
  Fd fd_;
  off_t failed_ = 0;
};

Result<void> sync_directory(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd && ::fsync(fd.get()) == 0) return {};
  return fail(Error::Code::io, "cannot sync directory " + path + ": " + reason());
}

/// Writes the format into a new database, or compares it.
Result<void> settle_format(Environment& environment, const KeyHasher& hasher) {
  const FormatRecord ours = format_record(hasher);
  {
    ReadTxn txn(environment);
    if (!txn.ok()) return fail(Error::Code::corrupt, "cannot read data.mdb");
    const auto found = txn.get(environment.meta, kFormatKey);
    if (found) {
      if (*found == ours.view()) return {};
      return fail(Error::Code::corrupt, "data.mdb has another format or install secret");
    }
    if (txn.pages(environment.objects).rows + txn.pages(environment.index).rows > 0) {
      return fail(Error::Code::corrupt, "data.mdb has no format record");
    }
  }
  WriteTxn txn(environment);
  txn.put(environment.meta, kFormatKey, ours.view());
  if (Result<void> done = txn.commit(); !done) return done;
  return environment.sync();
}

/// Walks from the roots of all tables to some rows, so that a tree that kills us does it now.
Result<void> probe(const Environment& environment) {
  ReadTxn txn(environment);
  if (!txn.ok()) return fail(Error::Code::corrupt, "cannot read data.mdb");
  for (const Table table :
       {environment.objects, environment.chunks, environment.held, environment.index}) {
    int rows = 0;
    Result<void> read = txn.for_each(table, [&](const Row&) { return ++rows < 16; });
    if (!read) return read;
  }
  return check_scopes(environment);
}

}  // namespace

DatabaseFiles::DatabaseFiles(const std::string& in)
    : directory(in),
      data(in + "/data.mdb"),
      readers(in + "/lock.mdb"),
      lock(in + "/lock"),
      quarantined(in + "/data.mdb.quarantined"),
      starting(in + "/starting"),
      deaths(in + "/deaths") {}

DirectoryLock::DirectoryLock(const DatabaseFiles& files)
    : fd_(::open(files.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (!fd_) throw StartupError("cannot open " + files.lock + ": " + reason());
  if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) return;
  const std::string why = errno == EWOULDBLOCK ? "another larderd uses this cache.path" : reason();
  throw StartupError("cannot lock " + files.lock + ": " + why);
}

Result<void> quarantine(const DatabaseFiles& files) {
  if (std::rename(files.data.c_str(), files.quarantined.c_str()) != 0 && errno != ENOENT) {
    return fail(Error::Code::io, "cannot move " + files.data + " aside: " + reason());
  }
  ::unlink(files.readers.c_str());
  return sync_directory(files.directory);
}

Result<std::shared_ptr<Environment>> open_checked(const DatabaseFiles& files,
                                                  std::uint64_t map_bytes,
                                                  const KeyHasher& hasher) {
  if (const auto fault = find_fault(files.data, map_bytes)) {
    return fail(Error::Code::corrupt, files.data + " " + *fault);
  }
  auto opened = Environment::open(files.directory, map_bytes);
  if (!opened) return opened;
  Result<void> done = settle_format(**opened, hasher);
  if (done) done = probe(**opened);
  if (!done) return tl::unexpected<Error>(std::move(done.error()));
  return opened;
}

std::shared_ptr<Environment> open_or_begin_anew(const DatabaseFiles& files, std::uint64_t map_bytes,
                                                const KeyHasher& hasher) {
  // Whoever held places in the reader table is gone: we have the lock.
  ::unlink(files.readers.c_str());
  StartMarker marker(files.starting);
  Result<std::shared_ptr<Environment>> opened = fail(Error::Code::corrupt, "");
  if (marker.failed() >= kFailedStarts) {
    opened = fail(Error::Code::corrupt, "the last starts did not get through " + files.data);
  } else if (marked_deaths(files.directory) >= kDeaths) {
    opened = fail(Error::Code::corrupt, "the process died several times, perhaps of " + files.data);
    forget_marked_deaths(files.directory);
  } else {
    marker.raise();
    opened = open_checked(files, map_bytes, hasher);
  }
  if (!opened && opened.error().code == Error::Code::corrupt) {
    log(LogLevel::warning, "store",
        opened.error().context + "; it is moved aside, the cache begins empty");
    const Result<void> moved = quarantine(files);
    opened = moved ? open_checked(files, map_bytes, hasher) : tl::unexpected<Error>(moved.error());
  }
  marker.clear();
  if (!opened) throw StartupError("cache.path: " + opened.error().context);
  return *opened;
}

}  // namespace larder
