// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "conf/base/result.h"

namespace larder {

/// Where `log.access_log` leads, as `larderd --check` and the start both see it.
struct LogTarget {
  enum class Kind : std::uint8_t { none, out, err, file };
  Kind kind = Kind::none;
  std::string path;  ///< of a file
};

/// "stdout", "stderr", "" or an absolute path. /dev/stdout, /dev/stderr and symbolic links to these
/// are the streams themselves, for a container's pipes cannot always be opened by their names. Any
/// other link is an error: who may write to the directory could lead the log into any file. A
/// directory and a socket are errors too. Asks the file system; what is not there yet is a file.
Result<LogTarget> log_target(const std::string& text);

}  // namespace larder
