// SPDX-License-Identifier: Apache-2.0
#include "cache/json_check.h"

#include <simdjson.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "cache/query_json.h"

namespace larder {
namespace {

/// Buffers above this are given back after the check.
constexpr std::size_t kKeptBytes = std::size_t{1} << 20;
/// simdjson addresses a document by 32 bits.
constexpr std::size_t kMaxDocumentBytes = std::size_t{0xffff'0000};

/// Grows without filling itself with zeros; the padding that simdjson reads over is extra.
class TextBuffer {
 public:
  char* data() { return data_.get(); }
  std::size_t room() const { return room_; }
  void grow(std::size_t room, std::size_t used) {
    if (room <= room_) return;
    std::unique_ptr<char[]> bigger(new char[room + simdjson::SIMDJSON_PADDING]);
    if (used > 0) std::copy_n(data_.get(), used, bigger.get());
    data_ = std::move(bigger);
    room_ = room;
  }
  void release() {
    data_.reset();
    room_ = 0;
  }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t room_ = 0;
};

/// zlib's state, for a series of gzip members (RFC 1952).
class Inflater {
 public:
  Inflater() { ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK; }
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// All of `body` into `out`; the length, or why not.
  Result<std::size_t> run(std::string_view body, std::size_t limit, TextBuffer& out);

 private:
  void point_at(const char* in, std::size_t in_size, char* out, std::size_t out_size);
  z_stream stream_{};
  bool ready_ = false;
};

constexpr std::size_t kMaxStep = std::size_t{1} << 30;  // zlib counts in 32 bits

void Inflater::point_at(const char* in, std::size_t in_size, char* out, std::size_t out_size) {
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in));
  stream_.avail_in = static_cast<uInt>(std::min(in_size, kMaxStep));
  stream_.next_out = reinterpret_cast<Bytef*>(out);
  stream_.avail_out = static_cast<uInt>(std::min(out_size, kMaxStep));
}

Result<std::size_t> Inflater::run(std::string_view body, std::size_t limit, TextBuffer& out) {
  if (!ready_) return fail(Error::Code::full, "no memory to inflate a body");
  inflateReset(&stream_);
  std::size_t used = 0;
  while (true) {
    if (used == out.room()) {
      // One octet of room beyond the limit tells "just full" from "more to come".
      if (used > limit) return fail(Error::Code::full, "the body inflates beyond its limit");
      out.grow(std::min(std::max<std::size_t>(2 * used, 64 * 1024), limit + 1), used);
    }
    point_at(body.data(), body.size(), out.data() + used, out.room() - used);
    const uInt in_before = stream_.avail_in;
    const uInt out_before = stream_.avail_out;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    body.remove_prefix(in_before - stream_.avail_in);
    used += out_before - stream_.avail_out;
    if (used > limit) return fail(Error::Code::full, "the body inflates beyond its limit");
    if (status == Z_STREAM_END) {
      if (body.empty()) return used;
      inflateReset(&stream_);  // what follows must be a member too
    } else if (status != Z_OK || (body.empty() && stream_.avail_out > 0)) {
      return fail(Error::Code::corrupt, "the body is not complete gzip");
    }
  }
}

}  // namespace

struct JsonCheck::Impl {
  simdjson::dom::parser parser;
  TextBuffer text;
  Inflater inflater;
  int error_code = 0;
  std::vector<std::string> error_fields;

  Result<std::size_t> load(std::string_view body, Representation representation, std::size_t limit);
  Result<void> parse(std::size_t length);
  void remember_error(simdjson::dom::object document);
  void give_back();
};

Result<std::size_t> JsonCheck::Impl::load(std::string_view body, Representation representation,
                                          std::size_t limit) {
  if (representation == Representation::gzip) return inflater.run(body, limit, text);
  if (body.size() > limit) return fail(Error::Code::full, "the body is beyond its limit");
  text.grow(std::max<std::size_t>(body.size(), 1), 0);
  std::copy(body.begin(), body.end(), text.data());
  return body.size();
}

Result<void> JsonCheck::Impl::parse(std::size_t length) {
  std::fill_n(text.data() + length, simdjson::SIMDJSON_PADDING, ' ');
  simdjson::dom::element root;
  const auto status = parser.parse(text.data(), length, false).get(root);
  if (status == simdjson::MEMALLOC) return fail(Error::Code::full, "no memory to check a body");
  if (status != simdjson::SUCCESS) {
    // Well-formed may be more than simdjson can hold: integers beyond 64 bits, 1e400, "\\ud800".
    const bool sound =
        simdjson::validate_utf8(text.data(), length) && is_json_text({text.data(), length});
    if (sound) return {};
    return fail(Error::Code::corrupt, "the body is not JSON");
  }
  simdjson::dom::object object;
  if (root.get(object) == simdjson::SUCCESS) {
    remember_error(object);
  } else if (!root.is_array()) {
    return fail(Error::Code::corrupt, "the body is neither a JSON object nor an array");
  }
  return {};
}

void JsonCheck::Impl::remember_error(simdjson::dom::object document) {
  std::int64_t code = 0;
  if (document["error_code"].get(code) == simdjson::SUCCESS && code > 0 &&
      code <= std::numeric_limits<int>::max()) {
    error_code = static_cast<int>(code);
  }
  simdjson::dom::object errors;
  if (document["errors"].get(errors) != simdjson::SUCCESS) return;
  constexpr std::size_t kMaxFields = 32;
  for (const auto& field : errors) {
    if (error_fields.size() == kMaxFields) break;
    error_fields.emplace_back(field.key);
  }
}

void JsonCheck::Impl::give_back() {
  if (text.room() > kKeptBytes) text.release();
  if (parser.capacity() > kKeptBytes) parser = simdjson::dom::parser();
}

JsonCheck::JsonCheck() : impl_(new Impl) {}

JsonCheck::~JsonCheck() {
  delete impl_;
}

Result<void> JsonCheck::check(std::string_view body, Representation representation,
                              std::uint64_t max_decoded_bytes) {
  impl_->error_code = 0;
  impl_->error_fields.clear();
  const auto limit =
      static_cast<std::size_t>(std::min<std::uint64_t>(max_decoded_bytes, kMaxDocumentBytes));
  Result<void> result;
  if (const auto length = impl_->load(body, representation, limit)) {
    result = impl_->parse(*length);
  } else {
    result = tl::unexpected<Error>(length.error());
  }
  impl_->give_back();
  return result;
}

int JsonCheck::error_code() const {
  return impl_->error_code;
}

bool JsonCheck::error_names(std::string_view field) const {
  const auto& fields = impl_->error_fields;
  return std::find(fields.begin(), fields.end(), field) != fields.end();
}

}  // namespace larder
