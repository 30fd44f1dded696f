// SPDX-License-Identifier: Apache-2.0
#include "conf/base/fd.h"

#include <unistd.h>

#include <cerrno>

namespace larder {

void Fd::reset(int next) noexcept {
  const int old = std::exchange(number_, next);
  if (old < 0) return;
  const int before = errno;
  ::close(old);  // not again after EINTR: Linux has closed it
  errno = before;
}

}  // namespace larder
