// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cache/scope/key.h"
#include "cache/store/lmdb.h"
#include "conf/base/result.h"

/// Opening a database that may be damaged, foreign or on a bad disk, without touching what would
/// kill us. The caller has the directory's lock (directory.h).
namespace larder {

/// Files in the cache directory.
struct DatabaseFiles {
  static constexpr const char* kData = "data.mdb";
  static constexpr const char* kQuarantined = "data.mdb.quarantined";
  static constexpr const char* kDeaths = "deaths";

  explicit DatabaseFiles(const std::string& directory);
  std::string directory;
  std::string data;         ///< LMDB's
  std::string quarantined;  ///< the last damaged database
  std::string starting;     ///< its length counts the starts that have not got through yet
  std::string deaths;       ///< its length counts deaths that a damaged database may have caused
};

/// May the file at `path` be opened? Yes when it is absent, empty, or has metadata pages that are
/// whole and point inside the file. Error::corrupt: never; Error::io: not now.
Result<void> check_file(const std::string& path);

/// Moves the database aside, durably. One is kept.
Result<void> quarantine(const DatabaseFiles& files);

/// A new database, or the one there is when format and install secret are ours. Error::corrupt:
/// they are not, or the file is damaged; io: the system refuses, the file may be good.
Result<std::shared_ptr<Environment>> open_checked(const DatabaseFiles& files,
                                                  std::uint64_t map_bytes, const KeyHasher& hasher);

/// The database that is there, for readers only: nothing is written to the disk, not even a lock.
/// Errors as open_checked().
Result<std::shared_ptr<Environment>> open_read_only(const DatabaseFiles& files,
                                                    const KeyHasher& hasher);

/// What a start has come to.
struct FirstDatabase {
  std::shared_ptr<Environment> environment;  ///< null = none
  bool read_only = false;                    ///< the system refuses to write to it
  bool given_up = false;                     ///< there is one that must be moved aside first
};

/// As open_checked(), but begins anew, with a word in the log, where the database cannot be used or
/// two starts in a row have not come through it. Where the system refuses, opens it for readers
/// only.
FirstDatabase open_first(const DatabaseFiles& files, std::uint64_t map_bytes,
                         const KeyHasher& hasher);

}  // namespace larder
