// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "upstream/answer.h"

namespace larder {

/// For tables of those who wait.
struct WaiterHash {
  std::size_t operator()(const Waiter& waiter) const noexcept {
    return std::hash<const void*>()(waiter.out) ^
           (std::hash<std::uint64_t>()(waiter.id) * 0x9e3779b97f4a7c15ull);
  }
};

}  // namespace larder
