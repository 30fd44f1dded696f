// SPDX-License-Identifier: Apache-2.0
#include "daemon/tls/tls_state.h"

#include <array>
#include <cstddef>

namespace larder {
namespace {

/// legal[from] = states that may follow.
constexpr std::array<std::array<bool, kTlsStates>, kTlsStates> kLegalMoves{{
    //                 handshaking open ended closing
    /* handshaking */ {false, true, false, true},
    /* open */ {false, false, true, true},
    /* ended */ {false, false, false, true},
    /* closing */ {false, false, false, false},
}};

}  // namespace

const char* name_of(TlsState state) {
  switch (state) {
    case TlsState::handshaking:
      return "handshaking";
    case TlsState::open:
      return "open";
    case TlsState::ended:
      return "ended";
    case TlsState::closing:
      return "closing";
  }
  return "?";
}

bool is_legal(TlsState from, TlsState to) {
  return kLegalMoves[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
}

}  // namespace larder
