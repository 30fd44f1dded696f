// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cache/store/snapshot_format.h"
#include "conf/base/fd.h"
#include "conf/base/result.h"

namespace larder {

/// The file that a snapshot becomes: a part beside FILE, of a name of its own and closed to others,
/// until all of it is there, checked and on the disk; then FILE, in the place of a regular file
/// that there was. Of a snapshot that does not come to its end nothing is left, nor when a signal
/// ends the process that can be caught. One at a time.
class SnapshotFile {
 public:
  explicit SnapshotFile(const std::string& path);
  ~SnapshotFile();
  SnapshotFile(const SnapshotFile&) = delete;
  SnapshotFile& operator=(const SnapshotFile&) = delete;

  /// First. Error::invalid: FILE is no name for a snapshot; Error::io: the system refuses.
  Result<void> begin();
  /// Error::io: the system refuses; others as SnapshotScanner.
  Result<void> add(std::string_view bytes);
  /// All has come.
  Result<SnapshotTotals> finish();

 private:
  Result<void> check_path() const;
  Result<void> refused(const std::string& what) const;

  const std::string path_;
  std::string part_;
  Fd file_;
  SnapshotScanner scanner_;
};

/// `larderctl snapshot`: asks the daemon at `socket` for a snapshot that takes `limit_s` at most,
/// and writes it to `path`. Prints what it is, or why it is not. The exit code.
int take_snapshot(const std::string& socket, const std::string& path, long limit_s, bool json);

}  // namespace larder
