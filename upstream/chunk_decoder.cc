// SPDX-License-Identifier: Apache-2.0
#include "upstream/chunk_decoder.h"

#include <algorithm>

namespace larder {
namespace {

constexpr std::size_t kMaxSizeDigits = 15;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

ChunkDecoder::State ChunkDecoder::feed(std::string_view bytes, std::string& body) {
  while (!bytes.empty() && state_ != State::malformed) {
    if (state_ == State::complete) {
      left_over_ += bytes.size();
      break;
    }
    if (state_ == State::data) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      body.append(bytes.substr(0, count));
      bytes.remove_prefix(count);
      left_ -= count;
      if (left_ == 0) state_ = State::data_end;
      continue;
    }
    take(bytes.front());
    bytes.remove_prefix(1);
  }
  return state_;
}

void ChunkDecoder::take(char c) {
  switch (state_) {
    case State::size:
      return take_size(c);
    case State::extension:
      if (++line_bytes_ > kMaxLineBytes) {
        state_ = State::malformed;
      } else if (c == '\r' || c == '\n' || after_cr_) {
        take_line_end(c, left_ == 0 ? State::trailer : State::data);
      }
      return;
    case State::data_end:
      return take_line_end(c, State::size);
    case State::trailer:
      if (c == '\r' || after_cr_) return take_line_end(c, State::complete);
      state_ = State::trailer_line;
      [[fallthrough]];
    case State::trailer_line:
      if (++trailer_bytes_ > kMaxTrailerBytes) {
        state_ = State::malformed;
      } else if (c == '\r' || c == '\n' || after_cr_) {
        take_line_end(c, State::trailer);
      }
      return;
    case State::data:
    case State::complete:
    case State::malformed:
      return;
  }
}

void ChunkDecoder::take_size(char c) {
  const int digit = hex_value(c);
  if (digit >= 0 && ++digits_ <= kMaxSizeDigits) {
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    return;
  }
  const bool ends = c == '\r' || c == ';' || c == ' ' || c == '\t';
  if (digit >= 0 || digits_ == 0 || !ends) {
    state_ = State::malformed;
    return;
  }
  state_ = State::extension;
  after_cr_ = c == '\r';
}

/// CR, then LF; nothing else.
void ChunkDecoder::take_line_end(char c, State next) {
  if (c == '\r' && !after_cr_) {
    after_cr_ = true;
  } else if (c == '\n' && after_cr_) {
    after_cr_ = false;
    state_ = next;
    line_bytes_ = 0;
    if (next == State::size) left_ = digits_ = 0;
  } else {
    state_ = State::malformed;
  }
}

}  // namespace larder
