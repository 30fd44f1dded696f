// SPDX-License-Identifier: Apache-2.0
#include "bench/trace/trace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace larder::bench {
namespace {

constexpr std::size_t kPiece = 256 * 1024;
constexpr std::size_t kLongestLine = 1u << 20;

BenchError cannot_read(const std::string& path) {
  return BenchError(path + ": " + std::strerror(errno));
}

}  // namespace

BenchError mistake_in(const std::string& path, std::uint64_t line, const std::string& what) {
  return BenchError(path + ":" + std::to_string(line) + ": " + what);
}

PlainFile::PlainFile(const std::string& path)
    : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ < 0) throw cannot_read(path);
  struct stat status {};
  if (::fstat(descriptor_, &status) == 0) size_ = static_cast<std::uint64_t>(status.st_size);
}

PlainFile::~PlainFile() {
  ::close(descriptor_);
}

bool PlainFile::read(std::string& bytes) {
  const std::size_t before = bytes.size();
  bytes.resize(before + kPiece);
  ssize_t got = -1;
  while (got < 0) {
    check_interrupted();
    got = ::read(descriptor_, bytes.data() + before, kPiece);
    if (got < 0 && errno != EINTR) throw cannot_read(path_);
  }
  bytes.resize(before + static_cast<std::size_t>(got));
  read_ += static_cast<std::uint64_t>(got);
  return got > 0;
}

TraceFile::TraceFile(const std::string& path) : file_(path) {
  // Enough for the longest magic number, also from a pipe.
  while (buffer_.size() < 4 && file_.read(buffer_)) continue;
  const std::string_view first = buffer_;
  if (first.starts_with("\x1F\x8B")) {
    unpacked_ = unpack_gzip(file_, std::exchange(buffer_, {}));
  } else if (first.starts_with("\x28\xB5\x2F\xFD")) {
    unpacked_ = unpack_zstd(file_, std::exchange(buffer_, {}));
  }
}

bool TraceFile::next(std::string_view& line) {
  ByteSource& source = unpacked_ ? *unpacked_ : file_;
  std::size_t end = buffer_.find('\n', position_);
  while (end == std::string::npos && !ended_) {
    buffer_.erase(0, position_);
    position_ = 0;
    const std::size_t searched = buffer_.size();
    if (searched > kLongestLine) {
      ++line_number_;
      throw mistake("a line of more than a mebibyte; is this a trace?");
    }
    ended_ = !source.read(buffer_);
    end = buffer_.find('\n', searched);
  }
  if (end == std::string::npos) end = buffer_.size();
  if (position_ >= buffer_.size()) return false;
  line = std::string_view(buffer_).substr(position_, end - position_);
  if (line.ends_with('\r')) line.remove_suffix(1);
  position_ = end + 1;
  ++line_number_;
  return true;
}

double TraceFile::progress() const {
  if (file_.size() == 0) return 0;
  return static_cast<double>(file_.read_so_far()) / static_cast<double>(file_.size());
}

}  // namespace larder::bench
