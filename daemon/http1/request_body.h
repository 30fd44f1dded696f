// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "cache/request/request.h"
#include "conf/config.h"

namespace larder {

/// The body of one request, out of its framing (RFC 9112 sections 6 and 7): Content-Length, or the
/// transfer coding `chunked` alone. Neither = no body. Pure.
class RequestBody {
 public:
  enum class Outcome : std::uint8_t {
    more,   ///< it is not whole yet
    whole,  ///< what follows is not its
    too_large,
    malformed,
  };

  /// Of a request whose header a RequestParser has let through: it has at most one length, and not
  /// beside `chunked`. `most`: octets of the body, without framing.
  Outcome begin(std::span<const HeaderView> headers, Bytes most);
  /// Once begin() or feed() has not said `more`, there is nothing to be fed.
  Outcome feed(std::string_view bytes);

  const std::string& text() const { return text_; }
  /// Before feed(), so that it takes no more memory than the caller has counted.
  void reserve(std::size_t octets) { text_.reserve(octets); }
  std::size_t capacity() const { return text_.capacity(); }

 private:
  enum class Place : std::uint8_t {
    length,     ///< of a body with Content-Length
    size,       ///< digits of a chunk's size
    extension,  ///< behind them, up to the CR
    size_end,   ///< the LF behind it
    data,       ///< of the chunk
    data_cr,    ///< the line end behind it
    data_lf,
    trailer,  ///< a line of the trailer section; nobody reads it
    trailer_lf,
  };
  Outcome take_data(std::string_view& bytes);
  Outcome take_framing(char c);
  Outcome take_size(char c);

  std::string text_;
  Bytes most_ = 0;
  Place place_ = Place::length;
  Bytes left_ = 0;  ///< of the body or of the chunk
  unsigned size_digits_ = 0;
  std::size_t beside_ = 0;     ///< octets of extensions and trailers
  bool line_is_empty_ = true;  ///< so far, of the trailer section
};

}  // namespace larder
