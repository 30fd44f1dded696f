// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "cache/store/open.h"
#include "conf/base/fd.h"

// What can be said of data.mdb before LMDB maps it.

namespace larder {
namespace {

// LMDB's metadata page, data version 1, 64 bit: a page header, then MDB_meta.
constexpr std::size_t kPageHeader = 16;
constexpr std::uint16_t kMetaFlag = 0x08;
constexpr std::uint32_t kMagic = 0xBEEFC0DE;
constexpr std::uint32_t kDataVersion = 1;
constexpr std::uint64_t kNoPage = ~std::uint64_t{0};

struct TableRoot {
  std::uint32_t page_bytes;  ///< in the free list's, otherwise flags
  std::uint16_t flags;
  std::uint16_t depth;
  std::uint64_t branch, leaf, overflow, rows, root;
};
struct Meta {
  std::uint32_t magic, version;
  std::uint64_t address, map_bytes;
  TableRoot free_list, tables;
  std::uint64_t last_page, transaction;
};
static_assert(sizeof(TableRoot) == 48 && sizeof(Meta) == 136);

class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}

  bool is_open() const { return static_cast<bool>(fd_); }
  std::uint64_t bytes() const {
    struct stat status {};
    return ::fstat(fd_.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
  }
  bool read_meta(std::uint64_t at, Meta& out) const {
    std::array<char, kPageHeader + sizeof(Meta)> page{};
    if (::pread(fd_.get(), page.data(), page.size(), static_cast<off_t>(at)) !=
        static_cast<ssize_t>(page.size())) {
      return false;
    }
    std::uint16_t flags = 0;
    std::memcpy(&flags, page.data() + 10, sizeof flags);
    std::memcpy(&out, page.data() + kPageHeader, sizeof out);
    return flags == kMetaFlag && out.magic == kMagic && out.version == kDataVersion;
  }

 private:
  Fd fd_;
};

bool is_page_size(std::uint32_t bytes) {
  return bytes >= 4096 && bytes <= 65536 && (bytes & (bytes - 1)) == 0;
}

bool root_within(const TableRoot& table, std::uint64_t last_page) {
  return table.root == kNoPage || (table.root >= 2 && table.root <= last_page);
}

}  // namespace

Result<void> check_file(const std::string& path) {
  const auto damaged = [&](const char* what) {
    return fail(Error::Code::corrupt, path + " " + what);
  };
  const File file(path);
  if (!file.is_open()) {
    if (errno == ENOENT) return {};
    // What is not ours to read is in the way. Anything else is the system's trouble, and passes.
    const bool foreign = errno == EACCES || errno == EPERM || errno == ELOOP;
    return fail(foreign ? Error::Code::corrupt : Error::Code::io,
                path + " cannot be opened: " + std::strerror(errno));
  }
  const std::uint64_t bytes = file.bytes();
  if (bytes == 0) return {};
  Meta first{};
  Meta second{};
  errno = 0;
  if (!file.read_meta(0, first) || !is_page_size(first.free_list.page_bytes)) {
    if (errno == EIO) return fail(Error::Code::io, path + " cannot be read: Input/output error");
    return damaged("is not a database of this kind");
  }
  const std::uint64_t page_bytes = first.free_list.page_bytes;
  if (!file.read_meta(page_bytes, second) || second.free_list.page_bytes != page_bytes) {
    return damaged("has a damaged metadata page");
  }
  const Meta& newest = first.transaction > second.transaction ? first : second;
  if (newest.last_page >= bytes / page_bytes) return damaged("is truncated");
  if (!root_within(newest.free_list, newest.last_page) ||
      !root_within(newest.tables, newest.last_page)) {
    return damaged("has a damaged metadata page");
  }
  return {};
}

}  // namespace larder
