// SPDX-License-Identifier: Apache-2.0
#include "cache/store/open.h"

#include <fcntl.h>
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
#include "conf/base/sync_directory.h"

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
/// opened and read. The length of the file counts, which takes no room on the disk. No fsync: the
/// process dies of a bad file, not the kernel. Where it cannot be kept, nothing is counted.
class StartMarker {
 public:
  explicit StartMarker(const std::string& path)
      : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) {
    struct stat status {};
    if (fd_ && ::fstat(fd_.get(), &status) == 0) failed_ = status.st_size;
  }
  /// Not reached by a process that dies of the file; reached by one that runs out of memory.
  ~StartMarker() { ::unlink(path_.c_str()); }
  StartMarker(const StartMarker&) = delete;
  StartMarker& operator=(const StartMarker&) = delete;

  off_t failed() const { return failed_; }
  void raise() {
    if (fd_) [[maybe_unused]]
      const int done = ::ftruncate(fd_.get(), failed_ + 1);
  }

 private:
  std::string path_;
  Fd fd_;
  off_t failed_ = 0;
};

/// Is it of our format, or empty? False = it is empty.
Result<bool> compare_format(const Environment& environment, const FormatRecord& ours) {
  const ReadTxn txn(environment);
  if (!txn.ok()) return fail(Error::Code::io, "cannot read data.mdb");
  const auto found = txn.get(environment.meta, kFormatKey);
  if (found) {
    if (*found == ours.view()) return true;
    return fail(Error::Code::corrupt, "data.mdb has another format or install secret");
  }
  if (txn.pages(environment.objects).rows + txn.pages(environment.index).rows > 0) {
    return fail(Error::Code::corrupt, "data.mdb has no format record");
  }
  return false;
}

/// Writes the format into a new database, or compares it.
Result<void> settle_format(Environment& environment, const KeyHasher& hasher) {
  const FormatRecord ours = format_record(hasher);
  const Result<bool> same = compare_format(environment, ours);
  if (!same) return tl::unexpected<Error>(same.error());
  if (*same) return {};
  WriteTxn txn(environment);
  txn.put(environment.meta, kFormatKey, ours.view());
  if (Result<void> done = txn.commit(); !done) return done;
  return environment.sync();
}

/// Walks from the roots of all tables to some rows, so that a tree that kills us does it now.
Result<void> probe(const Environment& environment) {
  ReadTxn txn(environment);
  if (!txn.ok()) return fail(Error::Code::io, "cannot read data.mdb");
  for (const Table table :
       {environment.objects, environment.chunks, environment.held, environment.index}) {
    int rows = 0;
    Result<void> read = txn.for_each(table, [&](const Row&) { return ++rows < 16; });
    if (!read) return read;
  }
  return check_scopes(environment);
}

/// Our own file needs no other rights than ours.
void mend_mode(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  if ((status.st_mode & 07777) == 0600 || status.st_uid != ::geteuid()) return;
  if (::chmod(path.c_str(), 0600) == 0) {
    log(LogLevel::warning, "store", path + " had wrong modes: larderd has set them to 0600");
  }
}

/// As open_checked(), moving aside what is damaged. Error::corrupt: it could not be moved.
Result<std::shared_ptr<Environment>> open_or_begin_anew(
    const DatabaseFiles& files, std::uint64_t map_bytes, const KeyHasher& hasher,
    Result<std::shared_ptr<Environment>> opened) {
  if (opened || opened.error().code != Error::Code::corrupt) return opened;
  log(LogLevel::warning, "store",
      opened.error().context + "; it is moved aside, the cache begins empty");
  if (const Result<void> moved = quarantine(files); !moved) {
    return fail(Error::Code::corrupt, moved.error().context);
  }
  return open_checked(files, map_bytes, hasher);
}

}  // namespace

DatabaseFiles::DatabaseFiles(const std::string& in)
    : directory(in),
      data(in + "/" + kData),
      quarantined(in + "/" + kQuarantined),
      starting(in + "/starting"),
      deaths(in + "/" + kDeaths) {}

Result<void> quarantine(const DatabaseFiles& files) {
  if (std::rename(files.data.c_str(), files.quarantined.c_str()) != 0 && errno != ENOENT) {
    return fail(Error::Code::io, "cannot move " + files.data + " aside: " + reason());
  }
  return sync_directory(files.directory);
}

Result<std::shared_ptr<Environment>> open_checked(const DatabaseFiles& files,
                                                  std::uint64_t map_bytes,
                                                  const KeyHasher& hasher) {
  mend_mode(files.data);
  if (Result<void> done = check_file(files.data); !done) {
    return tl::unexpected<Error>(std::move(done.error()));
  }
  auto opened = Environment::open(files.directory, map_bytes);
  if (!opened) return opened;
  Result<void> done = settle_format(**opened, hasher);
  if (done) done = probe(**opened);
  if (!done) return tl::unexpected<Error>(std::move(done.error()));
  return opened;
}

Result<std::shared_ptr<Environment>> open_read_only(const DatabaseFiles& files,
                                                    const KeyHasher& hasher) {
  if (Result<void> done = check_file(files.data); !done) {
    return tl::unexpected<Error>(std::move(done.error()));
  }
  auto opened = Environment::open_read_only(files.directory);
  if (!opened) return opened;
  const Result<bool> same = compare_format(**opened, format_record(hasher));
  Result<void> done;
  if (!same) done = tl::unexpected<Error>(same.error());
  if (done) done = probe(**opened);
  if (!done) return tl::unexpected<Error>(std::move(done.error()));
  return opened;
}

FirstDatabase open_first(const DatabaseFiles& files, std::uint64_t map_bytes,
                         const KeyHasher& hasher) {
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
  opened = open_or_begin_anew(files, map_bytes, hasher, std::move(opened));
  FirstDatabase first;
  if (opened) {
    first.environment = *opened;
  } else {
    first.given_up = opened.error().code == Error::Code::corrupt;
    log(LogLevel::warning, "store", opened.error().context + "; nothing is stored until it works");
    if (!first.given_up) first.environment = open_read_only(files, hasher).value_or(nullptr);
    first.read_only = first.environment != nullptr;
  }
  return first;
}

}  // namespace larder
