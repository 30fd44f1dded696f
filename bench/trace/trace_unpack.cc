// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>
#include <zstd.h>

#include "bench/trace/trace_file.h"

namespace larder::bench {
namespace {

constexpr std::size_t kPiece = 256 * 1024;

BenchError cut_off(const PlainFile& file, const char* kind) {
  return BenchError(file.path() + ": the " + kind + " file is cut off; copy it again, whole");
}

BenchError damaged(const PlainFile& file, const char* kind, const std::string& why) {
  return BenchError(file.path() + ": the " + kind + " file is damaged (" + why +
                    "); copy it again, or test it with " + kind + " -t");
}

/// One gzip member after the other, as `cat a.gz b.gz` makes them.
class Gunzip final : public ByteSource {
 public:
  Gunzip(PlainFile& file, std::string first) : file_(file), packed_(std::move(first)) {
    if (::inflateInit2(&stream_, 15 + 16) != Z_OK) throw BenchError("zlib does not start");
    give();
  }
  ~Gunzip() override { ::inflateEnd(&stream_); }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  bool read(std::string& bytes) override {
    const std::size_t before = bytes.size();
    while (bytes.size() == before) {
      if (stream_.avail_in == 0 && !output_waits_ && !refill()) {
        if (in_member_) throw cut_off(file_, "gzip");
        return false;
      }
      inflate_into(bytes);
    }
    return true;
  }

 private:
  void give() {
    stream_.next_in = reinterpret_cast<Bytef*>(packed_.data());
    stream_.avail_in = static_cast<uInt>(packed_.size());
  }
  bool refill() {
    packed_.clear();
    const bool more = file_.read(packed_);
    give();
    return more;
  }
  void inflate_into(std::string& bytes) {
    if (!in_member_) ::inflateReset(&stream_);
    in_member_ = true;
    const std::size_t before = bytes.size();
    bytes.resize(before + kPiece);
    stream_.next_out = reinterpret_cast<Bytef*>(bytes.data() + before);
    stream_.avail_out = kPiece;
    const int code = ::inflate(&stream_, Z_NO_FLUSH);
    bytes.resize(before + kPiece - stream_.avail_out);
    output_waits_ = stream_.avail_out == 0 && code == Z_OK;
    if (code == Z_STREAM_END) {
      in_member_ = false;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      throw damaged(file_, "gzip", stream_.msg != nullptr ? stream_.msg : "no reason given");
    }
  }

  PlainFile& file_;
  std::string packed_;
  z_stream stream_{};
  bool in_member_ = true;
  bool output_waits_ = false;  ///< in the decoder, for room
};

class Unzstd final : public ByteSource {
 public:
  Unzstd(PlainFile& file, std::string first)
      : file_(file), packed_(std::move(first)), stream_(::ZSTD_createDStream()) {
    if (stream_ == nullptr) throw BenchError("zstd does not start");
  }
  ~Unzstd() override { ::ZSTD_freeDStream(stream_); }
  Unzstd(const Unzstd&) = delete;
  Unzstd& operator=(const Unzstd&) = delete;

  bool read(std::string& bytes) override {
    const std::size_t before = bytes.size();
    while (bytes.size() == before) {
      if (used_ == packed_.size() && !output_waits_ && !refill()) {
        if (wanted_ != 0) throw cut_off(file_, "zstd");
        return false;
      }
      unpack_into(bytes);
    }
    return true;
  }

 private:
  bool refill() {
    packed_.clear();
    used_ = 0;
    return file_.read(packed_);
  }
  void unpack_into(std::string& bytes) {
    const std::size_t before = bytes.size();
    bytes.resize(before + kPiece);
    ZSTD_inBuffer in{packed_.data(), packed_.size(), used_};
    ZSTD_outBuffer out{bytes.data() + before, kPiece, 0};
    wanted_ = ::ZSTD_decompressStream(stream_, &out, &in);
    if (::ZSTD_isError(wanted_) != 0U) {
      throw damaged(file_, "zstd", ::ZSTD_getErrorName(wanted_));
    }
    used_ = in.pos;
    output_waits_ = out.pos == out.size && wanted_ != 0;
    bytes.resize(before + out.pos);
  }

  PlainFile& file_;
  std::string packed_;
  std::size_t used_ = 0;
  ZSTD_DStream* stream_;
  std::size_t wanted_ = 1;     ///< 0 = at the end of a frame
  bool output_waits_ = false;  ///< in the decoder, for room
};

}  // namespace

std::unique_ptr<ByteSource> unpack_gzip(PlainFile& file, std::string first) {
  return std::make_unique<Gunzip>(file, std::move(first));
}

std::unique_ptr<ByteSource> unpack_zstd(PlainFile& file, std::string first) {
  return std::make_unique<Unzstd>(file, std::move(first));
}

}  // namespace larder::bench
