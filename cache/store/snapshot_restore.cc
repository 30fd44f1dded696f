// SPDX-License-Identifier: Apache-2.0
#include "cache/store/snapshot_restore.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "cache/store/directory.h"
#include "cache/store/epoch_rows.h"
#include "cache/store/format.h"
#include "cache/store/lmdb.h"
#include "cache/store/open.h"
#include "cache/store/restored_store.h"
#include "conf/base/fd.h"
#include "conf/base/sync_directory.h"

namespace larder {
namespace {

constexpr const char* kStaging = "/restoring";
constexpr const char* kData = "/data.mdb";
constexpr const char* kSecret = "/secret";
/// Of one transaction; what it changes is in memory until it is committed.
constexpr std::uint64_t kTransactionBytes = 16u << 20;
constexpr std::size_t kReadBytes = 1u << 20;
/// More than any store has: so none is displaced here.
constexpr std::size_t kPurgedTags = 1u << 18;

std::string reason() {
  return std::strerror(errno);
}

Result<void> refused(const std::string& what) {
  return fail(Error::Code::io, what + ": " + reason());
}

std::string mib_text(std::uint64_t bytes) {
  return std::to_string((bytes + (1u << 20) - 1) >> 20) + " MiB";
}

/// Of writing the database. Why the system refuses it may not say: "Input/output error" is also
/// that of a full disk.
tl::unexpected<Error> with_disk(Error error, const RestoreOrder& order) {
  struct statvfs disk {};
  struct stat snapshot {};
  if (error.code == Error::Code::io && ::statvfs(order.directory.c_str(), &disk) == 0 &&
      ::stat(order.file.c_str(), &snapshot) == 0) {
    error.context += ": the disk of " + order.directory + " has " +
                     mib_text(std::uint64_t{disk.f_bavail} * disk.f_frsize) +
                     " free, the snapshot has " +
                     mib_text(static_cast<std::uint64_t>(snapshot.st_size)) +
                     ": make room, or set cache.path to a larger disk";
  }
  return tl::unexpected<Error>(std::move(error));
}

/// Where the parts of the new store are until all of them are whole: a folder of this process's
/// user in the cache directory. That directory may be another user's, who could put something else
/// into its place at any time; so all that is in it is reached by its descriptor.
struct Staging {
  static Result<Staging> make(const std::string& in);

  Fd folder;
  std::string directory, data, secret;
};

Result<Staging> Staging::make(const std::string& in) {
  const std::string path = in + kStaging;
  if (::mkdir(path.c_str(), 0700) != 0) {
    return tl::unexpected<Error>(refused("cannot make " + path).error());
  }
  Staging staging;
  staging.folder = Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!staging.folder || ::fstat(staging.folder.get(), &status) != 0) {
    return tl::unexpected<Error>(refused("cannot open " + path).error());
  }
  if (status.st_uid != ::geteuid()) {
    return fail(Error::Code::io, path + " is another user's all at once");
  }
  staging.directory = "/proc/self/fd/" + std::to_string(staging.folder.get());
  staging.data = staging.directory + kData;
  staging.secret = staging.directory + kSecret;
  return staging;
}

/// The rows of a snapshot, as they come, into a new database.
class RowLoader {
 public:
  RowLoader(Environment& environment, const RestoreOrder& order)
      : environment_(environment), order_(order), tables_{environment.objects, environment.chunks,
                                                          environment.held,    environment.index,
                                                          environment.scopes,  environment.epochs,
                                                          environment.meta} {}

  Result<void> add(SnapshotTable table, std::string_view key, std::string_view value) {
    if (table == SnapshotTable::meta && is_dropped(key)) return {};
    if (!txn_) txn_.emplace(environment_);
    txn_->append(tables_[static_cast<std::size_t>(table)], key, value);
    bytes_ += key.size() + value.size();
    if (txn_->ok() && bytes_ < kTransactionBytes) return {};
    return commit();
  }
  Result<void> commit() {
    bytes_ = 0;
    if (!txn_) return {};
    Result<void> done = txn_->commit();
    txn_.reset();
    return done ? done : explained(done.error());
  }

 private:
  bool is_dropped(std::string_view key) const {
    const auto begins = [key](const std::string& feed) {
      return key.starts_with(position_key(feed));
    };
    return std::any_of(order_.dropped_feeds.begin(), order_.dropped_feeds.end(), begins);
  }
  Result<void> explained(Error error) const {
    if (error.code == Error::Code::full) {
      error.context = "cache.size is too small for what is in the snapshot: raise it";
    }
    return with_disk(std::move(error), order_);
  }

  Environment& environment_;
  const RestoreOrder& order_;
  const std::array<Table, kSnapshotTables> tables_;
  std::optional<WriteTxn> txn_;
  std::uint64_t bytes_ = 0;
};

Result<void> check_header(const SnapshotHeader& header, const Environment& environment) {
  if (header.page_bytes == environment.page_bytes()) return {};
  return fail(Error::Code::invalid,
              "it was taken on a machine with pages of " + std::to_string(header.page_bytes) +
                  " bytes, this one has " + std::to_string(environment.page_bytes()) +
                  ": take one on a machine of this kind, or begin with an empty cache");
}

Result<void> scan(int file, SnapshotScanner& scanner) {
  std::string buffer(kReadBytes, '\0');
  while (true) {
    const ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refused("it cannot be read");
    if (got == 0) return {};
    Result<void> fed =
        scanner.feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
    if (!fed) return fed;
  }
}

/// Are the keys made with the secret?
Result<void> check_database(const Environment& environment, const InstallSecret& secret) {
  const ReadTxn txn(environment);
  const FormatRecord wanted = format_record(KeyHasher(secret));
  if (txn.get(environment.meta, kFormatKey) != wanted.view()) {
    return fail(Error::Code::corrupt, "its secret is not that of its rows: take a new one");
  }
  return {};
}

/// Has the directory's store the secret of the snapshot? Then purges that it has acknowledged since
/// are known nowhere else.
bool is_of_this_node(const std::string& directory, const InstallSecret& secret) {
  const Fd file(
      ::open((directory + kSecret).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  InstallSecret own;
  const auto size = static_cast<ssize_t>(own.bytes.size());
  return file && ::read(file.get(), own.bytes.data(), own.bytes.size()) == size &&
         own.bytes == secret.bytes;
}

/// Of the scopes that have objects, all whose places are not trusted. The number of places.
Result<std::uint64_t> purge_untrusted(Environment& environment, const RestoreOrder& order,
                                      bool trusts) {
  Epochs epochs(kPurgedTags);
  if (Result<void> done = load_epochs(environment, epochs); !done)
    return tl::unexpected<Error>(done.error());
  if (trusts && order.trusts_others) return 0;
  const auto known = trusts ? order.trusted : std::vector<std::uint64_t>();
  const auto places = places_without(environment, known);
  if (!places) return tl::unexpected<Error>(places.error());
  Epochs::Purge purge;
  purge.places = *places;
  purge.whole = true;
  purge.happened = {};  // so long ago that nothing is served once more before it is asked for
  const EpochChange raised = epochs.purge({purge}, 0);
  if (raised.rows() == 0) return 0;
  WriteTxn txn(environment);
  write_epochs(txn, raised, epochs);
  if (Result<void> done = txn.commit(); !done) return tl::unexpected<Error>(done.error());
  return purge.places.size();
}

Result<void> leave_mark(Environment& environment, WallTime taken) {
  WriteTxn txn(environment);
  mark_as_restored(txn, taken);
  return txn.commit();
}

/// The new database, closed when it returns: nothing else may open its file before.
Result<RestoreReport> load(int file, const RestoreOrder& order, const Staging& staging,
                           InstallSecret& secret) {
  auto opened = Environment::open(staging.directory, order.map_bytes);
  if (!opened) return with_disk(opened.error(), order);
  Environment& environment = **opened;
  RowLoader rows(environment, order);
  RestoreReport report;
  SnapshotScanner scanner(
      {.on_header =
           [&](const SnapshotHeader& header) {
             secret = header.secret;
             report.taken = header.taken;
             return check_header(header, environment);
           },
       .on_row = [&](SnapshotTable table, std::string_view key,
                     std::string_view value) { return rows.add(table, key, value); }});
  if (Result<void> done = scan(file, scanner); !done) return tl::unexpected<Error>(done.error());
  const Result<SnapshotTotals> totals = scanner.finish();
  if (!totals) return tl::unexpected<Error>(totals.error());
  report.totals = *totals;
  Result<void> done = rows.commit();
  if (done) done = check_database(environment, secret);
  if (!done) return tl::unexpected<Error>(done.error());
  // By a clock that is behind, what was stored there would be fresh for longer, and would pass for
  // stored after the start.
  report.clock_is_behind = order.now < report.taken;
  report.is_of_this_node = is_of_this_node(order.directory, secret);
  const bool trusts = !report.clock_is_behind && !report.is_of_this_node;
  const Result<std::uint64_t> purged = purge_untrusted(environment, order, trusts);
  if (!purged) return tl::unexpected<Error>(purged.error());
  report.purged_places = *purged;
  if (Result<void> marked = leave_mark(environment, report.taken); !marked)
    return tl::unexpected<Error>(marked.error());
  if (Result<void> synced = environment.sync(); !synced) return with_disk(synced.error(), order);
  return report;
}

Result<void> write_secret(const InstallSecret& secret, const std::string& path) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  const auto& bytes = secret.bytes;
  errno = ENOSPC;
  const bool written =
      file && ::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  return written && ::fsync(file.get()) == 0 ? Result<void>() : refused("cannot write " + path);
}

/// The service's user owns the directory; root may do this for it.
Result<void> give_to_owner(const Staging& staging, const std::string& directory) {
  struct stat owner {};
  if (::stat(directory.c_str(), &owner) != 0) return refused("cannot look at " + directory);
  if (owner.st_uid == ::geteuid()) return {};
  for (const std::string& path : {staging.data, staging.secret}) {
    if (::lchown(path.c_str(), owner.st_uid, owner.st_gid) != 0) {
      return refused(std::string("cannot give ").append(path).append(" to the owner of ") +
                     directory);
    }
  }
  return {};
}

/// The old store goes first, then the secret comes, then the rows: at any moment there is none, or
/// one with its secret.
Result<void> move_into_place(const Staging& staging, const std::string& directory) {
  const DatabaseFiles files(directory);
  if (::unlink(files.data.c_str()) != 0 && errno != ENOENT) {
    return refused("cannot remove " + files.data);
  }
  if (Result<void> done = sync_directory(directory); !done) return done;
  if (::rename(staging.secret.c_str(), (directory + kSecret).c_str()) != 0) {
    return refused("cannot move the secret into " + directory);
  }
  if (Result<void> done = sync_directory(directory); !done) return done;
  if (::rename(staging.data.c_str(), files.data.c_str()) != 0) {
    return refused("cannot move the database into " + directory);
  }
  for (const std::string& path : {files.quarantined, files.starting, files.deaths}) {
    ::unlink(path.c_str());  // of the store that was there
  }
  return sync_directory(directory);
}

Result<void> check_free(const RestoreOrder& order) {
  struct stat status {};
  if (::stat(DatabaseFiles(order.directory).data.c_str(), &status) != 0) {
    return errno == ENOENT ? Result<void>() : refused("cannot look at " + order.directory);
  }
  if (order.replaces || status.st_size == 0) return {};
  return fail(Error::Code::invalid, "there is a store in " + order.directory +
                                        " already: with --replace it goes, with all that it holds");
}

Result<RestoreReport> restore_into(const RestoreOrder& order) {
  if (Result<void> free = check_free(order); !free) return tl::unexpected<Error>(free.error());
  const Fd file(::open(order.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    return fail(Error::Code::io, "cannot open the snapshot " + order.file + ": " + reason());
  }
  Result<Staging> made = Staging::make(order.directory);
  if (!made) return tl::unexpected<Error>(made.error());
  const Staging& staging = *made;
  InstallSecret secret;
  Result<RestoreReport> loaded = load(file.get(), order, staging, secret);
  if (!loaded) {
    loaded.error().context =
        "the snapshot " + order.file + " is not restored: " + loaded.error().context;
    return loaded;
  }
  Result<void> done = write_secret(secret, staging.secret);
  if (done) done = give_to_owner(staging, order.directory);
  if (done) done = move_into_place(staging, order.directory);
  if (!done) return tl::unexpected<Error>(done.error());
  return loaded;
}

}  // namespace

Result<RestoreReport> restore_snapshot(const RestoreOrder& order) {
  const CacheDirectory lock(order.directory);
  remove_unfinished_restore(order.directory);
  Result<RestoreReport> done = restore_into(order);
  remove_unfinished_restore(order.directory);
  return done;
}

void remove_unfinished_restore(const std::string& directory) {
  const std::string path = directory + kStaging;
  const Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) {
    if (errno == ELOOP || errno == ENOTDIR) ::unlink(path.c_str());
    return;
  }
  for (const char* name : {kData, kSecret, "/lock.mdb"}) ::unlinkat(folder.get(), name + 1, 0);
  ::rmdir(path.c_str());
}

}  // namespace larder
