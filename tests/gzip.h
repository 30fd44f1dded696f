// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zlib.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace larder::test {

/// One member of RFC 1952; `level` 0, as long as the text, to 9.
inline std::string gzip_at(int level, const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string gzip(const std::string& text) {
  return gzip_at(9, text);
}

}  // namespace larder::test
