// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "cache/scope/install_secret.h"
#include "conf/base/fd.h"
#include "conf/base/log.h"
#include "conf/base/result.h"
#include "conf/base/startup_error.h"
#include "conf/base/sync_directory.h"

// The one file of the pure part of cache/ that touches the system: it reads or makes
// DIRECTORY/secret at start.

namespace larder {
namespace {

std::string reason() {
  return std::strerror(errno);
}

/// What is wrong with it, or nothing. Wrong modes of our own file are set right.
std::optional<std::string> find_fault(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return reason();
  if (!S_ISREG(status.st_mode)) return "it is not a file";
  if (status.st_uid != ::geteuid()) return "it belongs to another user";
  if (status.st_size != static_cast<off_t>(sizeof(InstallSecret))) return "it has not 32 bytes";
  if ((status.st_mode & 077) == 0) return std::nullopt;
  if (::fchmod(fd, 0600) != 0) return "it is open to others: " + reason();
  log(LogLevel::warning, "store", "the secret was open to others: its mode is 0600 now");
  return std::nullopt;
}

/// Error::not_found: there is none; io: it cannot be used.
Result<InstallSecret> read_secret(const std::string& path) {
  int number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  // Modes that keep ourselves out: chmod() works on what is ours.
  if (number < 0 && errno == EACCES && ::chmod(path.c_str(), 0600) == 0) {
    number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  }
  const Fd file(number);
  if (!file && errno == ENOENT) return fail(Error::Code::not_found, "");
  if (!file) return fail(Error::Code::io, "it cannot be opened: " + reason());
  if (const auto fault = find_fault(file.get())) return fail(Error::Code::io, *fault);
  InstallSecret secret;
  if (::read(file.get(), secret.bytes.data(), secret.bytes.size()) !=
      static_cast<ssize_t>(secret.bytes.size())) {
    return fail(Error::Code::io, "it cannot be read: " + reason());
  }
  return secret;
}

InstallSecret random_secret() {
  InstallSecret secret;
  std::size_t length = 0;
  while (length < secret.bytes.size()) {
    const ssize_t got = ::getrandom(secret.bytes.data() + length, secret.bytes.size() - length, 0);
    if (got < 0 && errno != EINTR) throw StartupError("cannot get random bytes: " + reason());
    if (got > 0) length += static_cast<std::size_t>(got);
  }
  return secret;
}

Result<void> refused(const std::string& what) {
  return fail(Error::Code::io, what + ": " + reason());
}

/// Written whole under another name first: a crash never leaves half a secret.
Result<void> keep_secret(const InstallSecret& secret, const std::string& directory,
                         const std::string& path) {
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());
  const Fd file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return refused("cannot create " + draft);
  const ssize_t written = ::write(file.get(), secret.bytes.data(), secret.bytes.size());
  const bool whole = written == static_cast<ssize_t>(secret.bytes.size());
  if (written >= 0 && !whole) errno = ENOSPC;
  if (!whole || ::fsync(file.get()) != 0 || ::rename(draft.c_str(), path.c_str()) != 0) {
    Result<void> failed = refused("cannot keep " + path);
    ::unlink(draft.c_str());
    return failed;
  }
  return sync_directory(directory);
}

}  // namespace

InstallSecret load_install_secret(const std::string& directory) {
  const std::string path = directory + "/secret";
  const Result<InstallSecret> found = read_secret(path);
  if (found) return *found;
  if (found.error().code != Error::Code::not_found) {
    const std::string aside = path + ".unusable";
    const bool moved = ::rename(path.c_str(), aside.c_str()) == 0;
    log(LogLevel::warning, "store",
        path + " is of no use: " + found.error().context +
            (moved ? "; it is moved aside, the cache begins empty" : "; the cache begins empty"));
  }
  const InstallSecret made = random_secret();
  if (const Result<void> kept = keep_secret(made, directory, path); !kept) {
    log(LogLevel::warning, "store",
        kept.error().context + "; what is cached from now on is lost at the next start");
  }
  return made;
}

}  // namespace larder
