// SPDX-License-Identifier: Apache-2.0
#include "conf/base/private_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "conf/base/fd.h"

namespace larder {
namespace {

tl::unexpected<Error> fail_by_errno(const std::string& path, int number) {
  if (number == ENOENT || number == ENOTDIR) {
    return fail(Error::Code::not_found, path + " does not exist; create it or correct the path");
  }
  return fail(Error::Code::io, path + " cannot be read: " + std::strerror(number) +
                                   "; check its type and the rights on its path");
}

Result<void> read_all(int fd, const std::string& path, std::size_t max_bytes, std::string& bytes) {
  // One byte more than allowed shows that there is more; reserved at once, so that no copy of a
  // secret is left behind by growing.
  bytes.resize(max_bytes + 1);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(fd, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_by_errno(path, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  if (done > max_bytes) {
    return fail(Error::Code::full, path + " is larger than " + std::to_string(max_bytes) +
                                       " bytes; is it the right file?");
  }
  bytes.resize(done);
  return {};
}

}  // namespace

Result<FileContent> read_regular_file(const std::string& path, std::size_t max_bytes) {
  // Without O_NONBLOCK, opening a FIFO would wait for its writer.
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return fail_by_errno(path, errno);
  FileContent content;
  if (::fstat(file.get(), &content.status) != 0) return fail_by_errno(path, errno);
  if (!S_ISREG(content.status.st_mode)) {
    return fail(Error::Code::io, path + " is no regular file; give the path of one");
  }
  if (auto read = read_all(file.get(), path, max_bytes, content.bytes); !read) {
    return tl::unexpected<Error>(read.error());
  }
  return content;
}

Result<void> check_private(const std::string& path, const struct stat& status) {
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return fail(Error::Code::invalid, path + " belongs to user " + std::to_string(status.st_uid) +
                                          "; make root or larder's own user its owner");
  }
  if ((status.st_mode & 077) != 0) {
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(status.st_mode & 07777));
    return fail(Error::Code::invalid,
                path + " is open to others (mode " + mode + "); run chmod 600 " + path);
  }
  return {};
}

}  // namespace larder
