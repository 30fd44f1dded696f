// SPDX-License-Identifier: Apache-2.0
#include "bench/load/response_reader.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <charconv>

namespace larder::bench {
namespace {

using Progress = ResponseReader::Progress;

constexpr std::size_t kMaxHead = 256 * 1024;
constexpr std::size_t kMaxLine = 4'096;

char lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte;
}

/// `name`: lower case, with its colon.
bool is_field(std::string_view line, std::string_view name) {
  return line.size() >= name.size() &&
         std::equal(name.begin(), name.end(), line.begin(),
                    [](char wanted, char byte) { return lower(byte) == wanted; });
}

std::string_view value_of(std::string_view line, std::string_view name) {
  line.remove_prefix(name.size());
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  return line;
}

bool equals_lower(std::string_view value, std::string_view wanted) {
  return value.size() == wanted.size() && is_field(value, wanted);
}

template <class Number>
bool parse_number(std::string_view text, Number& number, int base = 10) {
  const char* const end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, number, base);
  return problem == std::errc() && at == end;
}

}  // namespace

struct BodyHash {
  XXH3_state_t state;
};

ResponseReader::ResponseReader(bool hashes) : hash_(hashes ? new BodyHash : nullptr) {
  reset();
}
ResponseReader::ResponseReader(ResponseReader&&) noexcept = default;
ResponseReader::~ResponseReader() = default;

void ResponseReader::reset() {
  closes_ = chunked_ = counted_ = false;
  part_ = Part::head;
  status_ = 0;
  left_ = body_bytes_ = 0;
  if (hash_) XXH3_64bits_reset(&hash_->state);
  head_.clear();
  line_.clear();
  cache_status_.clear();
}

Progress ResponseReader::feed(std::string_view bytes) {
  return part_ == Part::head ? take_head(bytes) : take_body(bytes);
}

std::uint64_t ResponseReader::body_hash() const {
  return hash_ ? XXH3_64bits_digest(&hash_->state) : 0;
}

Progress ResponseReader::end() const {
  return part_ == Part::to_end ? Progress::done : Progress::broken;
}

Progress ResponseReader::take_head(std::string_view bytes) {
  constexpr std::string_view blank_line = "\r\n\r\n";
  std::size_t before = 0;  // bytes of the head that came earlier
  std::string_view text = bytes;
  if (!head_.empty()) {
    before = head_.size();
    head_.append(bytes);
    text = head_;
  }
  const std::size_t end = text.find(blank_line, before < 3 ? 0 : before - 3);
  if (end == std::string_view::npos) {
    if (text.size() > kMaxHead) return Progress::broken;
    if (before == 0) head_.assign(bytes);
    return Progress::more;
  }
  const std::size_t head_bytes = end + blank_line.size();
  if (!parse_head(text.substr(0, end))) return Progress::broken;
  const std::string_view body = bytes.substr(head_bytes - before);
  head_.clear();
  return take_body(body);
}

bool ResponseReader::parse_head(std::string_view head) {
  if (head.size() < 12 || !head.starts_with("HTTP/1.") || head[8] != ' ') return false;
  if (!parse_number(head.substr(9, 3), status_)) return false;
  closes_ = head[7] == '0';
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;) {
    const std::size_t next = head.find("\r\n", at + 2);
    if (!note_field(head.substr(at + 2, next == std::string_view::npos ? next : next - at - 2))) {
      return false;
    }
    at = next;
  }
  if (status_ == 204 || status_ == 304) {
    part_ = Part::counted;
    left_ = 0;
  } else if (chunked_) {
    part_ = Part::chunk_size;
  } else {
    part_ = counted_ ? Part::counted : Part::to_end;
    closes_ = closes_ || !counted_;
  }
  return true;
}

bool ResponseReader::note_field(std::string_view line) {
  if (line.empty()) return true;
  const char first = lower(line.front());
  if (first != 'c' && first != 't') return true;
  constexpr std::string_view length = "content-length:";
  constexpr std::string_view connection = "connection:";
  constexpr std::string_view coding = "transfer-encoding:";
  constexpr std::string_view cache_status = "cache-status:";
  if (is_field(line, length)) {
    counted_ = true;
    return parse_number(value_of(line, length), left_);
  }
  if (is_field(line, connection))
    closes_ = closes_ || equals_lower(value_of(line, connection), "close");
  if (is_field(line, cache_status)) cache_status_ = value_of(line, cache_status);
  if (is_field(line, coding)) chunked_ = equals_lower(value_of(line, coding), "chunked");
  return true;
}

Progress ResponseReader::take_body(std::string_view bytes) {
  switch (part_) {
    case Part::counted:
      if (bytes.size() > left_) return Progress::broken;
      note_body(bytes);
      left_ -= bytes.size();
      if (left_ > 0) return Progress::more;
      part_ = Part::done;
      return Progress::done;
    case Part::to_end:
      note_body(bytes);
      return Progress::more;
    case Part::head:
    case Part::done:
      return bytes.empty() ? Progress::more : Progress::broken;
    default:
      return take_chunks(bytes);
  }
}

Progress ResponseReader::take_chunks(std::string_view bytes) {
  while (!bytes.empty()) {
    if (part_ == Part::done) return Progress::broken;
    if (part_ == Part::chunk) {
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      note_body(bytes.substr(0, taken));
      left_ -= taken;
      bytes.remove_prefix(taken);
      if (left_ == 0) part_ = Part::chunk_end;
      continue;
    }
    if (!take_chunk_line(bytes.front())) return Progress::broken;
    bytes.remove_prefix(1);
  }
  return part_ == Part::done ? Progress::done : Progress::more;
}

bool ResponseReader::take_chunk_line(char byte) {
  line_.push_back(byte);
  if (!line_.ends_with("\r\n")) return line_.size() < kMaxLine;
  std::string_view text(line_);
  text.remove_suffix(2);
  if (part_ == Part::chunk_end) {
    if (!text.empty()) return false;
    part_ = Part::chunk_size;
  } else if (part_ == Part::chunk_size) {
    if (!parse_number(text.substr(0, text.find(';')), left_, 16)) return false;
    part_ = left_ == 0 ? Part::trailer : Part::chunk;
  } else if (text.empty()) {
    part_ = Part::done;
  }
  line_.clear();
  return true;
}

void ResponseReader::note_body(std::string_view bytes) {
  body_bytes_ += bytes.size();
  if (hash_) XXH3_64bits_update(&hash_->state, bytes.data(), bytes.size());
}

}  // namespace larder::bench
