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

#include "cache/body/error_code.h"
#include "cache/body/pipeline.h"
#include "cache/tags/tag_finder.h"
#include "conf/base/check.h"
#include "tests/fuzz/fuzz_input.h"

// The body of an answer -> inflated -> judged as JSON, and its events. Input: one octet for the
// mode, then the bytes: as they are ('@'), as gzip ('A'), or as text that is gzipped here ('B').
//
// The verdict must be that of zlib in one call and of nlohmann's parser, wherever the body is cut;
// the events must tell what that parser tells; tags must not depend on the cuts either; and memory
// must stay within a bound that the body does not decide.

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

constexpr BodyLimits kLimits{1 << 20, 20 * 1024};  // a window and some more: keeps it fast
/// A window, some state, and the tags with the open containers; zlib's own state is of a fixed size
/// and not counted.
constexpr std::size_t kMaxMemory = 128 * 1024;

struct Expected {
  bool sound = false;
  bool too_long = false;
  bool told = false;  ///< `events` are to be compared
  std::string events;
};

// ---- what a text is made of, as one string ----

/// From larder's events. Numbers without their digits: nlohmann's parser does not give these.
class Told final : public JsonEvents {
 public:
  void on_open(JsonContainer container, unsigned) override {
    log += container == JsonContainer::object ? '{' : '[';
  }
  void on_close(JsonContainer container, unsigned) override {
    log += container == JsonContainer::object ? '}' : ']';
  }
  void on_text(JsonText kind, std::string_view part, bool last, unsigned) override {
    if (kind == JsonText::number) {
      if (last) log += 'n';
      return;
    }
    if (!open_) log += kind == JsonText::key ? 'k' : 's';
    log += part;
    open_ = !last;
    if (last) log += '\0';
  }
  void on_literal(JsonLiteral literal, unsigned) override {
    log += literal == JsonLiteral::null ? '0' : literal == JsonLiteral::true_value ? 't' : 'f';
  }
  std::string log;

 private:
  bool open_ = false;
};

// ---- the reference: zlib, and nlohmann's parser ----

class Reference final : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return add("0"); }
  bool boolean(bool value) override { return add(value ? "t" : "f"); }
  bool number_integer(number_integer_t) override { return add("n"); }
  bool number_unsigned(number_unsigned_t) override { return add("n"); }
  bool number_float(number_float_t, const string_t&) override { return add("n"); }
  bool string(string_t& text) override { return add("s" + text + '\0'); }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return open("{"); }
  bool key(string_t& text) override { return add("k" + text + '\0'); }
  bool end_object() override { return close("}"); }
  bool start_array(std::size_t) override { return open("["); }
  bool end_array() override { return close("]"); }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& error) override {
    number_too_large = error.id == 406;
    return false;
  }
  std::string log;
  unsigned deepest = 0;
  bool number_too_large = false;

 private:
  bool add(const std::string& text) {
    log += text;
    return true;
  }
  bool open(const char* mark) {
    deepest = std::max(deepest, ++depth_);
    return add(mark);
  }
  bool close(const char* mark) {
    --depth_;
    return add(mark);
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
bool reference_of(std::string text, Expected& expected) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  // nlohmann's parser takes a NUL for the end, and skips a byte order mark.
  if (first == std::string::npos || text[first] == '\xef' || text.find('\0') != std::string::npos) {
    return true;
  }
  Reference reference;
  expected.told = nlohmann::json::sax_parse(text, &reference);
  expected.events = std::move(reference.log);
  expected.sound = expected.told && reference.deepest <= JsonStream::kMaxDepth;
  if (!expected.told && text.find("\\u") != std::string::npos) {
    hide_surrogates(text);
    reference = Reference();
    expected.sound =
        nlohmann::json::sax_parse(text, &reference) && reference.deepest <= JsonStream::kMaxDepth;
  }
  return !reference.number_too_large;
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

Result<SoundBody> fed_in_pieces(std::string_view body, BodyPipeline& pipeline) {
  DerivedNumbers numbers(body);
  while (!body.empty()) {
    const std::size_t length = 1 + numbers.below(body.size());
    const std::string piece(body.substr(0, length));  // gone before the next
    pipeline.feed(piece);
    body.remove_prefix(length);
  }
  return pipeline.finish();
}

Result<SoundBody> fed_whole(std::string_view body, BodyPipeline& pipeline) {
  pipeline.feed(body);
  return pipeline.finish();
}

void check_memory(std::string_view body, Representation coding) {
  const std::size_t before = in_use;
  peak = in_use;
  TagSet tags;
  TagFinder finder("blog", true, tags);
  BodyPipeline pipeline(coding, kLimits, &finder);
  static_cast<void>(fed_whole(body, pipeline));
  LARDER_CHECK(peak - before < kMaxMemory);
}

void check_verdict(std::string_view body, Representation coding, const Expected& expected,
                   bool known) {
  if (DerivedNumbers(body).below(8) == 0) check_memory(body, coding);
  Told told;
  BodyPipeline pipeline(coding, kLimits, &told);
  const Result<SoundBody> whole = fed_whole(body, pipeline);
  Told told_in_pieces;
  BodyPipeline other(coding, kLimits, &told_in_pieces);
  const Result<SoundBody> in_pieces = fed_in_pieces(body, other);
  LARDER_CHECK(whole.has_value() == in_pieces.has_value());
  if (whole) {
    LARDER_CHECK(told.log == told_in_pieces.log);
    LARDER_CHECK(whole->etag == in_pieces->etag);
    LARDER_CHECK(whole->bytes == body.size() && in_pieces->bytes == body.size());
  } else {
    // A body that is both broken and too long is refused for what is met first.
    for (const Error::Code code : {whole.error().code, in_pieces.error().code}) {
      LARDER_CHECK(code == Error::Code::corrupt || code == Error::Code::full);
    }
  }
  if (expected.too_long) LARDER_CHECK(!whole);
  if (known && !expected.too_long) LARDER_CHECK(whole.has_value() == expected.sound);
  if (whole && expected.told) LARDER_CHECK(told.log == expected.events);
}

/// What is read of an error does not depend on where it is cut either.
void check_error_code(std::string_view text) {
  ErrorCodeReader reader;
  BodyPipeline pipeline(Representation::identity, kLimits, &reader);
  ErrorCodeReader other_reader;
  BodyPipeline other(Representation::identity, kLimits, &other_reader);
  if (!fed_whole(text, pipeline)) return;
  static_cast<void>(fed_in_pieces(text, other));
  LARDER_CHECK(reader.code() == other_reader.code() && reader.code() >= 0);
}

/// Nor do the tags; and there are not too many.
void check_tags(std::string_view text) {
  TagSet tags;
  TagFinder finder("blog", true, tags);
  BodyPipeline pipeline(Representation::identity, kLimits, &finder);
  TagSet other_tags;
  TagFinder other_finder("blog", true, other_tags);
  BodyPipeline other(Representation::identity, kLimits, &other_finder);
  if (!fed_whole(text, pipeline)) return;
  static_cast<void>(fed_in_pieces(text, other));
  const std::string carried = tags.take();
  LARDER_CHECK(carried == other_tags.take());
  LARDER_CHECK(carried.size() <=
               8 * (TagSet::kMostEntries + TagSet::kMostAssets + 2 * TagSet::kMostTags + 1));
}

void run(std::uint8_t mode, std::string_view input) {
  static std::string text;
  Expected expected;
  switch (mode & 3) {
    case 1: {
      const bool inflated = inflate_whole(input, kLimits.max_decoded_bytes, text);
      expected.too_long = text.size() > kLimits.max_decoded_bytes;
      const bool known = reference_of(text, expected);
      expected.sound = expected.sound && inflated;
      check_verdict(input, Representation::gzip, expected, known || !inflated);
      break;
    }
    case 2: {
      const bool known = reference_of(std::string(input), expected);
      check_verdict(gzipped(input), Representation::gzip, expected, known);
      break;
    }
    default: {
      const bool known = reference_of(std::string(input), expected);
      check_verdict(input, Representation::identity, expected, known);
      if (input.find("error_code") != std::string_view::npos) check_error_code(input);
      if (input.find("uid") != std::string_view::npos) check_tags(input);
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
