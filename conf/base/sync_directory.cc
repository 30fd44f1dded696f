// SPDX-License-Identifier: Apache-2.0
#include "conf/base/sync_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "conf/base/fd.h"

namespace larder {

Result<void> sync_directory(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd && ::fsync(fd.get()) == 0) return {};
  return fail(Error::Code::io, "cannot sync directory " + path + ": " + std::strerror(errno));
}

}  // namespace larder
