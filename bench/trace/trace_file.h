// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/run/command.h"

namespace larder::bench {

/// Something in a file is not as it should be: where, what, and what to do about it.
BenchError mistake_in(const std::string& path, std::uint64_t line, const std::string& what);

/// Bytes of a file as they come, unpacked if it is packed.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Appends some; false at the end. BenchError when the file is damaged or cut off.
  virtual bool read(std::string& bytes) = 0;
};

/// A file as it is. Knows how far it has been read, in thousandths.
class PlainFile final : public ByteSource {
 public:
  explicit PlainFile(const std::string& path);
  ~PlainFile() override;
  PlainFile(const PlainFile&) = delete;
  PlainFile& operator=(const PlainFile&) = delete;

  bool read(std::string& bytes) override;
  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }
  std::uint64_t read_so_far() const { return read_; }

 private:
  std::string path_;
  int descriptor_;
  std::uint64_t size_ = 0;
  std::uint64_t read_ = 0;
};

std::unique_ptr<ByteSource> unpack_gzip(PlainFile& file, std::string first);
std::unique_ptr<ByteSource> unpack_zstd(PlainFile& file, std::string first);

/// The lines of a plain, gzip or Zstandard file, told apart by their first bytes.
class TraceFile {
 public:
  explicit TraceFile(const std::string& path);

  /// The next line, without its end, or false. It lives until the next call.
  bool next(std::string_view& line);
  std::uint64_t line_number() const { return line_number_; }  ///< of the last line, from 1
  BenchError mistake(const std::string& what) const {
    return mistake_in(file_.path(), line_number_, what);
  }
  double progress() const;  ///< 0 to 1

 private:
  PlainFile file_;
  std::unique_ptr<ByteSource> unpacked_;  ///< null: the file is plain
  std::string buffer_;
  std::size_t position_ = 0;
  std::uint64_t line_number_ = 0;
  bool ended_ = false;
};

}  // namespace larder::bench
