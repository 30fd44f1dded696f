// SPDX-License-Identifier: Apache-2.0
#pragma once

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

 private:
  Fd fd_;
};

}  // namespace larder
