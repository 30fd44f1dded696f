// SPDX-License-Identifier: Apache-2.0
#include "daemon/http1/socket_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "conf/base/startup_error.h"

namespace larder {

SocketLock::SocketLock(const std::string& socket_path) : path_(socket_path) {
  const std::string path = socket_path + ".lock";
  fd_ = Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd_) {
    throw StartupError("cannot listen on unix:" + socket_path + ": cannot open " + path + ": " +
                       std::strerror(errno));
  }
  if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) return;
  throw StartupError("cannot listen on unix:" + socket_path + ": " +
                     (errno == EWOULDBLOCK ? "another larderd uses it: stop it or choose another "
                                             "path"
                                           : std::strerror(errno)));
}

SocketLock::~SocketLock() {
  struct stat there {};
  if (inode_ == 0 || ::lstat(path_.c_str(), &there) != 0) return;
  if (there.st_dev == device_ && there.st_ino == inode_) ::unlink(path_.c_str());
}

void SocketLock::own_socket() {
  struct stat made {};
  if (::lstat(path_.c_str(), &made) != 0) return;
  device_ = made.st_dev;
  inode_ = made.st_ino;
}

}  // namespace larder
