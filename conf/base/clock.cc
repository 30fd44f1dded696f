// SPDX-License-Identifier: Apache-2.0
#include "conf/base/clock.h"

#include <ctime>

namespace larder {
namespace {

std::int64_t read_ms(clockid_t clock) noexcept {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000 + time.tv_nsec / 1'000'000;
}

}  // namespace

WallTime wall_now() noexcept {
  return WallTime{read_ms(CLOCK_REALTIME)};
}

MonotonicTime monotonic_now() noexcept {
  return MonotonicTime{read_ms(CLOCK_BOOTTIME)};
}

}  // namespace larder
