// SPDX-License-Identifier: Apache-2.0
#include "daemon/webhook/webhook_state.h"

#include <array>
#include <cstddef>

namespace larder {
namespace {

constexpr unsigned bit(WebhookState state) {
  return 1u << static_cast<unsigned>(state);
}

constexpr unsigned kOver = bit(WebhookState::over);

/// By state: those that may follow.
constexpr std::array<unsigned, 6> kNext = {
    bit(WebhookState::body) | bit(WebhookState::answering) | kOver,
    bit(WebhookState::purging) | bit(WebhookState::answering) | kOver,
    bit(WebhookState::answering) | kOver,
    bit(WebhookState::lingering) | kOver,
    kOver,
    0,
};

}  // namespace

bool is_legal(WebhookState from, WebhookState to) {
  return (kNext[static_cast<std::size_t>(from)] & bit(to)) != 0;
}

}  // namespace larder
