// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "conf/base/fd.h"

namespace larder {

/// The right to a unix socket's path, while this object lives: a lock on the file `PATH.lock`
/// beside it, which stays. A connection attempt cannot tell a dead socket from one whose owner is
/// busy; the lock can.
class SocketLock {
 public:
  /// Throws StartupError when another process has it.
  explicit SocketLock(const std::string& socket_path);
  ~SocketLock();
  SocketLock(const SocketLock&) = delete;
  SocketLock& operator=(const SocketLock&) = delete;

  /// The socket has been made: its file is removed at the end, unless another has its place by
  /// then.
  void own_socket();
  const std::string& socket_path() const { return path_; }

 private:
  const std::string path_;
  Fd fd_;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;  ///< of the socket; 0 = it is not ours
};

}  // namespace larder
