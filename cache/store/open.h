// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cache/scope/key.h"
#include "cache/store/lmdb.h"
#include "conf/base/fd.h"
#include "conf/base/result.h"

/// Opening a database that may be damaged, foreign or in use, without touching what would kill us.
namespace larder {

/// Files in the cache directory.
struct DatabaseFiles {
  explicit DatabaseFiles(const std::string& directory);
  std::string directory;
  std::string data;         ///< LMDB's
  std::string readers;      ///< LMDB's reader table
  std::string lock;         ///< ours: one process at a time
  std::string quarantined;  ///< the last damaged database
  std::string starting;     ///< one byte for each start that has not got through yet
  std::string deaths;       ///< one byte for each death that a damaged database may have caused
};

/// The directory's exclusive lock. Throws StartupError when another process has it.
class DirectoryLock {
 public:
  explicit DirectoryLock(const DatabaseFiles& files);

 private:
  Fd fd_;
};

/// Why the file at `path` must not be opened, or nothing: absent, empty, or metadata pages that are
/// whole and point inside the file and inside a map of `map_bytes`.
std::optional<std::string> find_fault(const std::string& path, std::uint64_t map_bytes);

/// Moves the database aside, durably. One is kept.
Result<void> quarantine(const DatabaseFiles& files);

/// A new database, or the one there is when format and install secret are ours; Error::corrupt
/// when they are not.
Result<std::shared_ptr<Environment>> open_checked(const DatabaseFiles& files,
                                                  std::uint64_t map_bytes, const KeyHasher& hasher);

/// As open_checked(), but begins anew, with a word in the log, where the database cannot be used or
/// two starts in a row have not come through it. Throws StartupError for what a new file cannot
/// mend.
std::shared_ptr<Environment> open_or_begin_anew(const DatabaseFiles& files, std::uint64_t map_bytes,
                                                const KeyHasher& hasher);

}  // namespace larder
