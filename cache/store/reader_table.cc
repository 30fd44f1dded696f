// SPDX-License-Identifier: Apache-2.0
#include "cache/store/reader_table.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace larder {
namespace {

/// What LMDB asks for with 1,022 readers, and some more. It leaves a larger file as it is.
constexpr off_t kBytes = 80 * 1024;

}  // namespace

ReaderTable::~ReaderTable() {
  if (placed_) ::unlink(link_.c_str());
}

Result<void> ReaderTable::place() {
  memory_ = Fd(::memfd_create("larder-readers", MFD_CLOEXEC));
  if (!memory_ || ::fallocate(memory_.get(), 0, 0, kBytes) != 0) {
    return fail(Error::Code::io, std::string("memory for readers: ") + std::strerror(errno));
  }
  const std::string target = "/proc/self/fd/" + std::to_string(memory_.get());
  ::unlink(link_.c_str());  // what a crash or an older larderd has left
  if (::symlink(target.c_str(), link_.c_str()) != 0) {
    return fail(Error::Code::io, "cannot make " + link_ + ": " + std::strerror(errno));
  }
  placed_ = true;
  return {};
}

}  // namespace larder
