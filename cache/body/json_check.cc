// SPDX-License-Identifier: Apache-2.0
#include "cache/body/json_check.h"

#include <simdjson.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "cache/body/json_stream.h"

namespace larder {
namespace {

constexpr std::size_t kWindowBytes = 64 * 1024;
/// Errors of the API have some hundred bytes.
constexpr std::size_t kMaxErrorBytes = 64 * 1024;

/// zlib's state, for a series of gzip members (RFC 1952).
class Inflater {
 public:
  Inflater() { ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK; }
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  void begin() {
    inflateReset(&stream_);
    at_end_ = false;
  }
  /// The next piece; gives what it inflates to `take`, window by window, until that says no.
  template <class Take>
  Result<void> run(std::string_view piece, const Take& take);
  /// The last member is whole, and nothing came behind it.
  bool at_end() const { return at_end_; }

 private:
  z_stream stream_{};
  bool ready_ = false;
  bool at_end_ = false;
  std::array<char, kWindowBytes> window_;
};

template <class Take>
Result<void> Inflater::run(std::string_view piece, const Take& take) {
  constexpr std::size_t kMaxStep = std::size_t{1} << 30;  // zlib counts in 32 bits
  if (!ready_) return fail(Error::Code::full, "no memory to inflate a body");
  bool window_full = false;
  while (!piece.empty() || window_full) {
    if (at_end_) begin();  // what follows must be a member too
    const auto step = std::min(piece.size(), kMaxStep);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream_.avail_in = static_cast<uInt>(step);
    stream_.next_out = reinterpret_cast<Bytef*>(window_.data());
    stream_.avail_out = static_cast<uInt>(window_.size());
    const int status = inflate(&stream_, Z_NO_FLUSH);
    piece.remove_prefix(step - stream_.avail_in);
    window_full = stream_.avail_out == 0 && status != Z_STREAM_END;
    if (Result<void> taken = take({window_.data(), window_.size() - stream_.avail_out}); !taken) {
      return taken;
    }
    at_end_ = status == Z_STREAM_END;
    const bool dry = status == Z_BUF_ERROR && piece.empty();  // the window was just full
    if (status != Z_OK && !at_end_ && !dry) {
      return fail(Error::Code::corrupt, "the body is not gzip");
    }
  }
  return {};
}

}  // namespace

struct JsonCheck::Impl {
  Inflater inflater;
  JsonStream stream;
  std::uint64_t length = 0;
  std::uint64_t limit = 0;
  bool zipped = false;
  std::string small;  ///< the document, up to kMaxErrorBytes of it
  simdjson::dom::parser parser;

  void begin(Representation representation, std::uint64_t max_decoded_bytes);
  Result<void> feed(std::string_view piece);
  Result<void> take(std::string_view text);
  Result<void> end(Result<void> fed);
  std::optional<simdjson::dom::object> error_document();
};

void JsonCheck::Impl::begin(Representation representation, std::uint64_t max_decoded_bytes) {
  stream = JsonStream();
  length = 0;
  limit = max_decoded_bytes;
  zipped = representation == Representation::gzip;
  if (zipped) inflater.begin();
  small.clear();
}

Result<void> JsonCheck::Impl::feed(std::string_view piece) {
  if (!zipped) return take(piece);
  return inflater.run(piece, [this](std::string_view text) { return take(text); });
}

Result<void> JsonCheck::Impl::take(std::string_view text) {
  length += text.size();
  if (length > limit) return fail(Error::Code::full, "the body is beyond its limit");
  if (length <= kMaxErrorBytes) small.append(text);
  if (!stream.feed(text)) return fail(Error::Code::corrupt, "the body is no JSON object or array");
  return {};
}

Result<void> JsonCheck::Impl::end(Result<void> fed) {
  if (fed && zipped && !inflater.at_end()) {
    fed = fail(Error::Code::corrupt, "the body is not complete gzip");
  }
  if (fed && !stream.complete()) fed = fail(Error::Code::corrupt, "the body is not complete JSON");
  if (!fed || length > kMaxErrorBytes) small.clear();
  return fed;
}

std::optional<simdjson::dom::object> JsonCheck::Impl::error_document() {
  simdjson::dom::object object;
  if (small.empty() || parser.parse(small).get(object) != simdjson::SUCCESS) return std::nullopt;
  return object;
}

JsonCheck::JsonCheck() : impl_(new Impl) {}

JsonCheck::~JsonCheck() {
  delete impl_;
}

Result<void> JsonCheck::check(const std::vector<Chunk>& body, Representation representation,
                              std::uint64_t max_decoded_bytes) {
  impl_->begin(representation, max_decoded_bytes);
  Result<void> fed;
  for (const auto& piece : body) {
    fed = impl_->feed(*piece);
    if (!fed) break;
  }
  return impl_->end(std::move(fed));
}

Result<void> JsonCheck::check(std::string_view body, Representation representation,
                              std::uint64_t max_decoded_bytes) {
  impl_->begin(representation, max_decoded_bytes);
  return impl_->end(impl_->feed(body));
}

int JsonCheck::error_code() const {
  std::int64_t code = 0;
  const auto document = impl_->error_document();
  if (!document || (*document)["error_code"].get(code) != simdjson::SUCCESS) return 0;
  return code > 0 && code <= std::numeric_limits<int>::max() ? static_cast<int>(code) : 0;
}

bool JsonCheck::error_names(std::string_view field) const {
  simdjson::dom::object errors;
  const auto document = impl_->error_document();
  if (!document || (*document)["errors"].get(errors) != simdjson::SUCCESS) return false;
  return errors.at_key(field).error() == simdjson::SUCCESS;
}

}  // namespace larder
