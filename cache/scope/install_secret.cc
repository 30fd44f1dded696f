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
#include "conf/base/startup_error.h"

// The one file of the pure part of cache/ that touches the system: it reads or makes
// DIRECTORY/secret at start.

namespace larder {
namespace {

[[noreturn]] void give_up(const std::string& what, const std::string& path) {
  throw StartupError(what + " " + path + ": " + std::strerror(errno));
}

std::size_t read_up_to(int fd, std::uint8_t* out, std::size_t room, const std::string& path) {
  std::size_t length = 0;
  while (length < room) {
    const ssize_t got = ::read(fd, out + length, room - length);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) give_up("cannot read", path);
    length += static_cast<std::size_t>(got);
  }
  return length;
}

void check_file(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) give_up("cannot look at", path);
  if (!S_ISREG(status.st_mode)) {
    throw StartupError(path +
                       " is not a file: move it away, larder makes a new secret (and starts "
                       "with an empty cache)");
  }
  if ((status.st_mode & 077) != 0) {
    throw StartupError(path +
                       " can be read or written by others: chmod 600 it, or remove it "
                       "together with the cached data");
  }
}

/// nullopt = there is none.
std::optional<InstallSecret> read_secret(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && errno == ENOENT) return std::nullopt;
  if (!file) give_up("cannot open", path);
  check_file(file.get(), path);
  InstallSecret secret;
  std::array<std::uint8_t, sizeof(secret.bytes) + 1> bytes{};
  if (read_up_to(file.get(), bytes.data(), bytes.size(), path) != secret.bytes.size()) {
    throw StartupError(path +
                       " has not the 32 bytes of a secret: remove it, larder makes a new one "
                       "(and starts with an empty cache)");
  }
  std::memcpy(secret.bytes.data(), bytes.data(), secret.bytes.size());
  return secret;
}

InstallSecret random_secret() {
  InstallSecret secret;
  std::size_t length = 0;
  while (length < secret.bytes.size()) {
    const ssize_t got = ::getrandom(secret.bytes.data() + length, secret.bytes.size() - length, 0);
    if (got < 0 && errno != EINTR) give_up("cannot get random bytes for", "the secret");
    if (got > 0) length += static_cast<std::size_t>(got);
  }
  return secret;
}

void sync_directory(const std::string& directory) {
  const Fd dir(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir || ::fsync(dir.get()) != 0) give_up("cannot sync", directory);
}

/// Written whole under another name first: a crash never leaves half a secret. Another process
/// may be first; then its secret stays.
void make_secret(const std::string& directory, const std::string& path) {
  const std::string draft = path + ".new";
  if (::unlink(draft.c_str()) != 0 && errno != ENOENT) give_up("cannot remove", draft);
  const InstallSecret secret = random_secret();
  {
    const Fd file(
        ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) give_up("cannot create", draft);
    const ssize_t written = ::write(file.get(), secret.bytes.data(), secret.bytes.size());
    if (written >= 0 && written != static_cast<ssize_t>(secret.bytes.size())) errno = ENOSPC;
    if (written != static_cast<ssize_t>(secret.bytes.size())) give_up("cannot write", draft);
    if (::fsync(file.get()) != 0) give_up("cannot sync", draft);
  }
  if (::link(draft.c_str(), path.c_str()) != 0 && errno != EEXIST) give_up("cannot create", path);
  ::unlink(draft.c_str());
  sync_directory(directory);
}

}  // namespace

InstallSecret load_install_secret(const std::string& directory) {
  const std::string path = directory + "/secret";
  if (auto secret = read_secret(path)) return *secret;
  make_secret(directory, path);
  if (auto secret = read_secret(path)) return *secret;
  throw StartupError("cannot keep the secret at " + path + ": it vanished");
}

}  // namespace larder
