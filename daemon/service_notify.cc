// SPDX-License-Identifier: Apache-2.0
#include "daemon/service_notify.h"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdint>
#include <ctime>

namespace larder {

void notify_service(const std::string& state, const std::string& status) {
  sd_notify(0, (state + "\nSTATUS=" + status).c_str());
}

void notify_reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto usec = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
  notify_service("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(usec), "reloading");
}

Milliseconds watchdog_interval_ms() {
  std::uint64_t usec = 0;
  if (sd_watchdog_enabled(0, &usec) <= 0) return 0;
  return std::max<Milliseconds>(static_cast<Milliseconds>(usec / 1'000), 1);
}

void notify_watchdog() {
  sd_notify(0, "WATCHDOG=1");
}

void notify_stopping(Milliseconds drain) {
  constexpr Milliseconds kRestMs = 10'000;  // the store and the logs, see the unit
  notify_service("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string((drain + kRestMs) * 1'000),
                 "draining");
}

}  // namespace larder
