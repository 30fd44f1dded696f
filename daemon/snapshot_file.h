// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cache/store/snapshot_format.h"
#include "conf/base/fd.h"
#include "conf/base/result.h"

namespace larder {

/// The file that a snapshot becomes: FILE.part, closed to others, until all of it is there, checked
/// and on the disk; then FILE, in the place of one that there was. Of a snapshot that does not come
/// to its end nothing is left, nor when a signal ends the process. One at a time.
class SnapshotFile {
 public:
  explicit SnapshotFile(const std::string& path);
  ~SnapshotFile();
  SnapshotFile(const SnapshotFile&) = delete;
  SnapshotFile& operator=(const SnapshotFile&) = delete;

  /// Makes FILE.part with the first bytes. Error::io: the system refuses; others as
  /// SnapshotScanner.
  Result<void> add(std::string_view bytes);
  /// All has come.
  Result<SnapshotTotals> finish();

 private:
  Result<void> open();
  Result<void> refused(const char* what) const;

  const std::string path_, part_;
  Fd file_;
  SnapshotScanner scanner_;
};

/// `larderctl snapshot`: asks the daemon at `socket` for a snapshot that takes `limit_s` at most,
/// and writes it to `path`. Prints what it is, or why it is not. The exit code.
int take_snapshot(const std::string& socket, const std::string& path, long limit_s, bool json);

}  // namespace larder
