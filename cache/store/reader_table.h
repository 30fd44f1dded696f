// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "conf/base/fd.h"
#include "conf/base/result.h"

namespace larder {

/// LMDB's reader table, in memory. LMDB writes to the map of its lock file at each snapshot. On a
/// disk that is full, that was mounted read-only or that fails, such a write is a SIGBUS; only one
/// process uses the database, so the table need not be a file at all. While this object lives,
/// `lock.mdb` in the directory is a link to the memory: LMDB opens it by that name.
class ReaderTable {
 public:
  explicit ReaderTable(const std::string& directory) : link_(directory + "/lock.mdb") {}
  ~ReaderTable();
  ReaderTable(const ReaderTable&) = delete;
  ReaderTable& operator=(const ReaderTable&) = delete;

  /// Error::io: there is no memory, or the link cannot be made.
  Result<void> place();

 private:
  const std::string link_;
  Fd memory_;
  bool placed_ = false;
};

}  // namespace larder
