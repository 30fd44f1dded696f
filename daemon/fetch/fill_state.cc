// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/fill_state.h"

#include <array>
#include <cstddef>

namespace larder {
namespace {

constexpr unsigned bit(FillState state) {
  return 1u << static_cast<unsigned>(state);
}

/// By state: those that may follow.
constexpr std::array<unsigned, 6> kNext = {
    bit(FillState::held_back) | bit(FillState::keeping) | bit(FillState::passing) |
        bit(FillState::over),
    bit(FillState::passing) | bit(FillState::over),
    bit(FillState::passing) | bit(FillState::committing) | bit(FillState::over),
    bit(FillState::over),
    bit(FillState::over),
    0,
};

}  // namespace

bool is_legal(FillState from, FillState to) {
  return (kNext[static_cast<std::size_t>(from)] & bit(to)) != 0;
}

const char* name_of(FillState state) {
  constexpr std::array<const char*, 6> kNames = {"requested", "held back",  "keeping",
                                                 "passing",   "committing", "over"};
  return kNames[static_cast<std::size_t>(state)];
}

}  // namespace larder
