// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cache/request/request.h"
#include "cache/request/trace_parent.h"

namespace larder {

/// By which a request is found again, in the access log, in its answer and at the origin. Fixed in
/// size: handing it on allocates nothing.
class RequestId {
 public:
  static constexpr std::size_t kMaxBytes = 64;

  RequestId() = default;  ///< none
  /// Sixteen hex digits.
  static RequestId made(std::uint64_t number);
  /// As it stands; none where it is not 1 to kMaxBytes octets of a token (RFC 9110 section 5.6.2).
  static RequestId of_text(std::string_view text);
  /// The one that the client gave: none where it is no such token, has a token's shape, or gives
  /// away a credential of the same request, as a part of it or with a part of it.
  static RequestId of_client(const RequestView& request);

  std::string_view text() const { return {text_.data(), length_}; }
  bool empty() const { return length_ == 0; }
  friend bool operator==(const RequestId& a, const RequestId& b) { return a.text() == b.text(); }

 private:
  std::array<char, kMaxBytes> text_{};  ///< at the begin, where a copy is read as it was written
  std::uint8_t length_ = 0;
};

/// Has `text` a token's shape, or does it give away a credential of the request, as a part of it or
/// with a part of it? For what a client says and larder would repeat.
bool gives_away_credential(const RequestView& request, std::string_view text);

/// The client's, where it is one and gives away no credential.
TraceParent trace_of_client(const RequestView& request);

}  // namespace larder
