// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "cache/store/open.h"
#include "cache/store/store.h"
#include "conf/base/fd.h"
#include "conf/base/log.h"
#include "conf/base/startup_error.h"

// What can be said of the directory and of data.mdb before LMDB maps it.

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

/// Filesystems whose maps are not coherent or whose locks may not hold.
const char* refused_filesystem(std::uint32_t magic) {
  switch (magic) {
    case NFS_SUPER_MAGIC:
      return "NFS";
    case 0x65735546:
      return "FUSE";
    case 0xFF534D42:
      return "CIFS";
    case 0xFE534D42:
      return "SMB";
    case 0x00C36400:
      return "Ceph";
    case V9FS_MAGIC:
      return "9p";
    default:
      return nullptr;
  }
}

}  // namespace

std::optional<std::string> find_fault(const std::string& path, std::uint64_t map_bytes) {
  const File file(path);
  if (!file.is_open()) {
    if (errno == ENOENT) return std::nullopt;
    return std::string("cannot be opened: ") + std::strerror(errno);
  }
  const std::uint64_t bytes = file.bytes();
  if (bytes == 0) return std::nullopt;
  Meta first{};
  Meta second{};
  if (!file.read_meta(0, first) || !is_page_size(first.free_list.page_bytes)) {
    return "is not a database of this kind";
  }
  const std::uint64_t page_bytes = first.free_list.page_bytes;
  if (!file.read_meta(page_bytes, second) || second.free_list.page_bytes != page_bytes) {
    return "has a damaged metadata page";
  }
  const Meta& newest = first.transaction > second.transaction ? first : second;
  if (newest.last_page >= bytes / page_bytes) return "is truncated";
  if (newest.last_page >= map_bytes / page_bytes) return "is larger than cache.size";
  if (!root_within(newest.free_list, newest.last_page) ||
      !root_within(newest.tables, newest.last_page)) {
    return "has a damaged metadata page";
  }
  return std::nullopt;
}

void prepare_cache_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    throw StartupError("cannot make cache.path " + path + ": " + std::strerror(errno));
  }
  struct statfs filesystem {};
  struct stat status {};
  if (::statfs(path.c_str(), &filesystem) != 0 || ::stat(path.c_str(), &status) != 0) {
    throw StartupError("cannot use cache.path " + path + ": " + std::strerror(errno));
  }
  if (!S_ISDIR(status.st_mode)) throw StartupError("cache.path " + path + " is not a directory");
  const auto magic = static_cast<std::uint32_t>(filesystem.f_type);
  if (const char* name = refused_filesystem(magic)) {
    throw StartupError("cache.path " + path + " is on " + name + ": use a local filesystem");
  }
  if (magic == OVERLAYFS_SUPER_MAGIC) {
    log(LogLevel::warning, "store",
        "cache.path is on overlayfs: it works, a volume keeps the cache when the container ends");
  }
  if ((status.st_mode & 077) != 0) {
    log(LogLevel::warning, "store",
        "cache.path can be entered by others than its owner: chmod 0700 is enough for larderd");
  }
}

}  // namespace larder
