// SPDX-License-Identifier: Apache-2.0
#include "daemon/stored_fetch.h"

#include <zlib.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace larder;

namespace {

std::string gzip(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string in = text, out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

TEST_CASE("stored fetch: a body is inflated whole, or not at all", "[daemon]") {
  const std::string text(100'000, 'x');
  const std::string packed = gzip(text);
  const auto whole = inflated(packed);
  REQUIRE(whole);
  CHECK(*whole == text);
  CHECK_FALSE(inflated(packed.substr(0, packed.size() - 1)));
  CHECK_FALSE(inflated("{}"));
}
