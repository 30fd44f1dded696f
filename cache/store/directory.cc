// SPDX-License-Identifier: Apache-2.0
#include "cache/store/directory.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "conf/base/log.h"
#include "conf/base/startup_error.h"

namespace larder {
namespace {

/// Filesystems whose maps are not coherent or whose locks may not hold.
const char* refused_filesystem(std::uint32_t magic) {
  switch (magic) {
    case NFS_SUPER_MAGIC:
      return "NFS";
    case 0x65735546:
      return "FUSE";
    case 0xFF534D42:
      return "CIFS";
    case 0xFE534D42:
      return "SMB";
    case 0x00C36400:
      return "Ceph";
    case V9FS_MAGIC:
      return "9p";
    default:
      return nullptr;
  }
}

void check_filesystem(int fd, const std::string& path) {
  struct statfs filesystem {};
  if (::fstatfs(fd, &filesystem) != 0) {
    throw StartupError("cannot use cache.path " + path + ": " + std::strerror(errno));
  }
  const auto magic = static_cast<std::uint32_t>(filesystem.f_type);
  if (const char* name = refused_filesystem(magic)) {
    throw StartupError("cache.path " + path + " is on " + name + ": use a local filesystem");
  }
  if (magic == OVERLAYFS_SUPER_MAGIC) {
    log(LogLevel::warning, "store",
        "cache.path is on overlayfs: it works, a volume keeps the cache when the container ends");
  }
}

/// Others may read where the operator says so; they may not write. The owner needs all rights.
void mend_mode(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return;
  const mode_t mode = status.st_mode & 07777;
  const mode_t wanted = (mode | 0700) & ~mode_t{022};
  if (wanted != mode && status.st_uid == ::geteuid() && ::chmod(path.c_str(), wanted) == 0) {
    log(LogLevel::warning, "store", "cache.path had wrong modes: larderd has set them right");
  } else if ((mode & 077) != 0) {
    log(LogLevel::warning, "store",
        "cache.path can be entered by others than its owner: chmod 0700 is enough for larderd");
  }
}

}  // namespace

CacheDirectory::CacheDirectory(const std::string& path) : path_(path) {
  const bool made = ::mkdir(path.c_str(), 0700) == 0;
  struct stat status {};
  if (!made && ::stat(path.c_str(), &status) != 0) {
    throw StartupError("cannot make cache.path " + path + ": " + std::strerror(errno));
  }
  if (!made && !S_ISDIR(status.st_mode)) {
    throw StartupError("cache.path " + path + " is not a directory");
  }
  mend_mode(path);
  fd_ = Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd_) {
    throw StartupError("cannot open cache.path " + path + ": " + std::strerror(errno) +
                       "; make larderd's user its owner");
  }
  check_filesystem(fd_.get(), path);
  if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) return;
  throw StartupError("cannot lock cache.path " + path + ": " +
                     (errno == EWOULDBLOCK
                          ? "another larderd uses it: stop it, or choose another one"
                          : std::strerror(errno)));
}

bool CacheDirectory::in_place() const {
  struct stat held {};
  struct stat named {};
  return ::fstat(fd_.get(), &held) == 0 && ::stat(path_.c_str(), &named) == 0 &&
         held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

}  // namespace larder
