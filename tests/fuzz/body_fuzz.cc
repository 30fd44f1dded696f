// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cache/body/json_check.h"
#include "cache/body/json_stream.h"
#include "conf/base/check.h"
#include "tests/fuzz/fuzz_input.h"

// The body of an answer -> inflated -> judged as JSON. Input: one octet for the mode, then the
// bytes: as they are ('@'), as gzip ('A'), or as text that is gzipped here ('B').
//
// The verdict must be that of zlib in one call and of nlohmann's parser, wherever the body is cut,
// and memory must stay within a bound that the body does not decide.

namespace {

// What operator new has given out, and the most of it since it was last set back.
std::size_t in_use = 0;
std::size_t peak = 0;

}  // namespace

void* operator new(std::size_t size) {
  void* const memory = std::malloc(size > 0 ? size : 1);
  if (memory == nullptr) throw std::bad_alloc();
  in_use += malloc_usable_size(memory);
  peak = std::max(peak, in_use);
  return memory;
}

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return operator new(size, std::nothrow);
}

void operator delete(void* memory) noexcept {
  if (memory != nullptr) in_use -= malloc_usable_size(memory);
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
  operator delete(memory);
}

namespace larder::fuzz {
namespace {

constexpr std::uint64_t kMaxDecodedBytes = 128 * 1024;
/// A window, and the part that is kept of short documents; a string may have twice its length.
constexpr std::size_t kMaxMemory = 256 * 1024;

struct Expected {
  bool sound = false;
  bool too_long = false;
};

// ---- the reference: zlib, and nlohmann's parser ----

/// Takes no note of the document but its depth.
class Depth final : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return open(); }
  bool key(string_t&) override { return true; }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& error) override {
    number_too_large = error.id == 406;
    return false;
  }
  unsigned deepest = 0;
  bool number_too_large = false;

 private:
  bool open() {
    deepest = std::max(deepest, ++depth_);
    return true;
  }
  bool close() {
    --depth_;
    return true;
  }
  unsigned depth_ = 0;
};

/// nlohmann's parser refuses halves of surrogate pairs, which the grammar of JSON lets pass.
void hide_surrogates(std::string& text) {
  for (std::size_t at = text.find("\\u"); at != std::string::npos; at = text.find("\\u", at + 2)) {
    if (at + 4 > text.size() || (text[at + 2] | 0x20) != 'd') continue;
    if (std::string_view("89abcdefABCDEF").find(text[at + 3]) == std::string_view::npos) continue;
    text[at + 2] = text[at + 3] = '0';
  }
}

/// False where the parsers differ on purpose: numbers beyond a double's range.
bool reference_of(std::string text, bool& sound) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  // nlohmann's parser takes a NUL for the end.
  if (first == std::string::npos || (text[first] != '{' && text[first] != '[') ||
      text.find('\0') != std::string::npos) {
    sound = false;
    return true;
  }
  hide_surrogates(text);
  Depth depth;
  sound = nlohmann::json::sax_parse(text, &depth) && depth.deepest <= JsonStream::kMaxDepth;
  return !depth.number_too_large;
}

/// All members of `zipped`; false if that is not what it is. Stops beyond `limit`.
bool inflate_whole(std::string_view zipped, std::size_t limit, std::string& out) {
  static z_stream* const stream = [] {
    auto* made = new z_stream{};
    LARDER_CHECK(inflateInit2(made, 15 + 16) == Z_OK);
    return made;
  }();
  out.resize(limit + 1);
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zipped.data()));
  stream->avail_in = static_cast<uInt>(zipped.size());
  stream->next_out = reinterpret_cast<Bytef*>(out.data());
  stream->avail_out = static_cast<uInt>(out.size());
  int status = Z_STREAM_END;
  do {
    inflateReset(stream);
    status = inflate(stream, Z_FINISH);
  } while (status == Z_STREAM_END && stream->avail_in > 0 && stream->avail_out > 0);
  out.resize(out.size() - stream->avail_out);
  return status == Z_STREAM_END || stream->avail_out == 0;
}

std::string gzipped(std::string_view text) {
  static z_stream* const stream = [] {
    auto* made = new z_stream{};
    LARDER_CHECK(deflateInit2(made, 1, Z_DEFLATED, 9 + 16, 1, Z_DEFAULT_STRATEGY) == Z_OK);
    return made;
  }();
  deflateReset(stream);
  std::string out(deflateBound(stream, text.size()), '\0');
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream->avail_in = static_cast<uInt>(text.size());
  stream->next_out = reinterpret_cast<Bytef*>(out.data());
  stream->avail_out = static_cast<uInt>(out.size());
  LARDER_CHECK(deflate(stream, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - stream->avail_out);
  return out;
}

// ---- what must hold ----

std::vector<Chunk> cut(std::string_view body, DerivedNumbers& numbers) {
  std::vector<Chunk> pieces;
  while (!body.empty()) {
    const std::size_t length = 1 + numbers.below(body.size());
    pieces.push_back(std::make_shared<const std::string>(body.substr(0, length)));
    body.remove_prefix(length);
  }
  return pieces;
}

void check_stream(std::string_view text, const std::vector<Chunk>& pieces) {
  JsonStream whole;
  const bool fed = whole.feed(text);
  JsonStream cut;
  bool cut_fed = true;
  for (const Chunk& piece : pieces) cut_fed = cut.feed(*piece);
  LARDER_CHECK(fed == cut_fed && whole.complete() == cut.complete());
  LARDER_CHECK(!whole.complete() || fed);
}

void check_verdict(std::string_view body, Representation representation, const Expected& expected,
                   bool known) {
  static JsonCheck check;
  DerivedNumbers numbers(body);
  const std::vector<Chunk> pieces = cut(body, numbers);
  const std::size_t before = in_use;
  peak = in_use;
  const Result<void> whole = check.check(body, representation, kMaxDecodedBytes);
  LARDER_CHECK(peak - before < kMaxMemory);
  const int code = check.error_code();
  const bool named = check.error_names("environment");
  const Result<void> in_pieces = check.check(pieces, representation, kMaxDecodedBytes);
  LARDER_CHECK(whole.has_value() == in_pieces.has_value());
  if (!whole) LARDER_CHECK(whole.error().code == in_pieces.error().code);
  LARDER_CHECK(code == check.error_code() && named == check.error_names("environment"));
  LARDER_CHECK(code >= 0 && (whole || (code == 0 && !named)));
  if (expected.too_long) LARDER_CHECK(!whole);
  if (known && !expected.too_long) LARDER_CHECK(whole.has_value() == expected.sound);
  if (representation == Representation::identity) check_stream(body, pieces);
}

void run(std::uint8_t mode, std::string_view input) {
  static std::string text;
  Expected expected;
  switch (mode & 3) {
    case 1: {
      const bool inflated = inflate_whole(input, kMaxDecodedBytes, text);
      expected.too_long = text.size() > kMaxDecodedBytes;
      const bool known = reference_of(text, expected.sound);
      expected.sound = expected.sound && inflated;
      check_verdict(input, Representation::gzip, expected, known || !inflated);
      break;
    }
    case 2: {
      const bool known = reference_of(std::string(input), expected.sound);
      check_verdict(gzipped(input), Representation::gzip, expected, known);
      break;
    }
    default: {
      const bool known = reference_of(std::string(input), expected.sound);
      check_verdict(input, Representation::identity, expected, known);
    }
  }
}

}  // namespace
}  // namespace larder::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  larder::fuzz::FuzzInput input(data, size);
  const std::uint8_t mode = input.octet();
  larder::fuzz::run(mode, input.rest());
  return 0;
}
