// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

/// The chunked transfer coding (RFC 9112 section 7.1), piece by piece. libcurl hands the coded
/// bytes over, as its own decoder drops what follows the last chunk without a word. Strict: lines
/// end in CRLF. Chunk extensions and trailer fields are skipped. Pure.
class ChunkDecoder {
 public:
  enum class State : std::uint8_t {
    size,       ///< in a chunk's size
    extension,  ///< behind it, to the line's end
    data,
    data_end,      ///< at the CRLF behind a chunk
    trailer,       ///< at the start of a line behind the last chunk
    trailer_line,  ///< within one
    complete,
    malformed,
  };
  static constexpr std::size_t kMaxLineBytes = 4 * 1024;      ///< of a chunk's size and extension
  static constexpr std::size_t kMaxTrailerBytes = 16 * 1024;  ///< all trailer lines

  /// Appends what `bytes` hold of the body to `body`.
  State feed(std::string_view bytes, std::string& body);

  State state() const { return state_; }
  bool complete() const { return state_ == State::complete; }
  bool malformed() const { return state_ == State::malformed; }
  /// Bytes that came behind the end.
  std::size_t left_over() const { return left_over_; }
  bool had_trailer() const { return trailer_bytes_ > 0; }

 private:
  void take(char c);
  void take_size(char c);
  void take_line_end(char c, State next);

  State state_ = State::size;
  bool after_cr_ = false;
  std::uint64_t left_ = 0;  ///< of the chunk's size while it is read, then of its data
  std::size_t line_bytes_ = 0;
  std::size_t digits_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::size_t left_over_ = 0;
};

}  // namespace larder
