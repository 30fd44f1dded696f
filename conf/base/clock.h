// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

/// Points in time as plain values. Everything that decides by time takes one of these as an
/// argument; only `clock.cc` asks the system.
namespace larder {

/// Milliseconds since 1970-01-01 UTC. May jump when the clock is set: for dates that leave the
/// process (headers, stored objects), not for deadlines.
struct WallTime {
  std::int64_t ms = 0;
  friend auto operator<=>(const WallTime&, const WallTime&) = default;
};

/// Milliseconds since some moment before the process started. Never goes back, and goes on while
/// the machine is suspended: for deadlines and ages.
struct MonotonicTime {
  std::int64_t ms = 0;
  friend auto operator<=>(const MonotonicTime&, const MonotonicTime&) = default;
};

/// Any thread.
WallTime wall_now() noexcept;
MonotonicTime monotonic_now() noexcept;

}  // namespace larder
