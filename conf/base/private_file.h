// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <string>

#include "conf/base/result.h"

/// Files that may hold secrets.
namespace larder {

struct FileContent {
  std::string bytes;
  struct stat status {};
};

/// A regular file as a whole. Errors: not_found, full (more than `max_bytes`), io (anything else,
/// a directory or a device too); their context starts with the path and ends in a remedy.
Result<FileContent> read_regular_file(const std::string& path, std::size_t max_bytes);

/// Does it belong to root or to the effective user, and nobody else may read or write it? The
/// Error's context is "WHAT; REMEDY".
Result<void> check_private(const std::string& path, const struct stat& status);

}  // namespace larder
