// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace larder {

/// Of one TLS connection. Legal moves (`is_legal()`):
///
///     handshaking -> open | closing
///     open -> ended | closing
///     ended -> closing
enum class TlsState : std::uint8_t {
  handshaking,
  open,
  ended,    ///< the client has said that it sends nothing more (close_notify); it still reads
  closing,  ///< nothing is read or written any more
};
constexpr std::size_t kTlsStates = 4;

const char* name_of(TlsState state);
bool is_legal(TlsState from, TlsState to);

}  // namespace larder
