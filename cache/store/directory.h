// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "conf/base/fd.h"

namespace larder {

/// The cache directory, for one process at a time. The lock is on the directory itself, so it holds
/// when everything in it is removed, and needs no room on the disk.
class CacheDirectory {
 public:
  /// Makes the directory (mode 0700) unless it is there, mends modes that are too narrow or too
  /// wide where it is ours, and refuses filesystems that cannot carry the store. Throws
  /// StartupError, also when another process has the directory.
  explicit CacheDirectory(const std::string& path);

  const std::string& path() const { return path_; }
  /// Is this directory still what the path names?
  bool in_place() const;

 private:
  std::string path_;
  Fd fd_;
};

}  // namespace larder
