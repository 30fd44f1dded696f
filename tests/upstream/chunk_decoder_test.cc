// SPDX-License-Identifier: Apache-2.0
#include "upstream/chunk_decoder.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace larder {
namespace {

using State = ChunkDecoder::State;

struct Case {
  const char* name;
  std::string coded;
  State state;
  std::string body;
  std::size_t left_over = 0;
};

TEST_CASE("chunk decoder: what is a body and where it ends, however the bytes are cut") {
  const auto c = GENERATE(values<Case>({
      {"one chunk", "3\r\nabc\r\n0\r\n\r\n", State::complete, "abc"},
      {"two chunks, upper and lower case", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
       State::complete, "01234567890123456789"},
      {"none", "0\r\n\r\n", State::complete, ""},
      {"leading zeros", "0003\r\nabc\r\n000\r\n\r\n", State::complete, "abc"},
      {"an extension", "3;a=\"b\";c\r\nabc\r\n0;d\r\n\r\n", State::complete, "abc"},
      {"blanks behind the size", "3 \t\r\nabc\r\n0\r\n\r\n", State::complete, "abc"},
      {"a body of line ends", "4\r\n\r\n\r\n\r\n0\r\n\r\n", State::complete, "\r\n\r\n"},
      {"trailer fields", "0\r\nA: b\r\nC: d\r\n\r\n", State::complete, ""},
      {"bytes behind it", "3\r\nabc\r\n0\r\n\r\nHTTP/1.1", State::complete, "abc", 8},
      {"cut within a chunk", "5\r\nabc", State::data, "abc"},
      {"cut behind a chunk", "3\r\nabc\r\n", State::size, "abc"},
      {"cut before the last line", "3\r\nabc\r\n0\r\n", State::trailer, "abc"},
      {"no size", "\r\nabc", State::malformed, ""},
      {"no hex", "xyz\r\n", State::malformed, ""},
      {"a negative size", "-3\r\nabc\r\n", State::malformed, ""},
      {"a size with 0x", "0x3\r\nabc\r\n", State::malformed, ""},
      {"a size that is too long", "0000000000000003\r\nabc\r\n", State::malformed, ""},
      {"a line that ends in LF", "3\nabc\n0\n\n", State::malformed, ""},
      {"CR without LF", "3\rabc\r\n", State::malformed, ""},
      {"more than the size says", "3\r\nabcd\r\n", State::malformed, "abc"},
      {"a trailer line that ends in LF", "0\r\nA: b\n\r\n", State::malformed, ""},
  }));
  const auto step = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{1'000});
  DYNAMIC_SECTION(c.name << ", " << step << " bytes at a time") {
    ChunkDecoder decoder;
    std::string body;
    for (std::size_t at = 0; at < c.coded.size(); at += step)
      decoder.feed(std::string_view(c.coded).substr(at, step), body);
    CHECK(decoder.state() == c.state);
    CHECK(body == c.body);
    CHECK(decoder.left_over() == c.left_over);
    CHECK(decoder.had_trailer() == (std::string_view(c.name) == "trailer fields" ||
                                    std::string_view(c.name) == "a trailer line that ends in LF"));
  }
}

TEST_CASE("chunk decoder: extensions and trailers are bounded") {
  const auto endless = GENERATE(std::string("3;"), std::string("0\r\n"));
  ChunkDecoder decoder;
  std::string body;
  decoder.feed(endless, body);
  decoder.feed(std::string(ChunkDecoder::kMaxTrailerBytes + 1, 'x'), body);
  CHECK(decoder.malformed());
  CHECK(body.empty());
}

}  // namespace
}  // namespace larder
