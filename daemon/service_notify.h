// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "conf/config.h"

namespace larder {

/// Tells the service manager (systemd, Type=notify) how the daemon is: `READY=1`, `STOPPING=1`,
/// with a line for `systemctl status`. Does nothing when none listens.
void notify_service(const std::string& state, const std::string& status);

/// The daemon ends, `drain` for its clients included. It asks for the time that this takes, which
/// may be longer than the unit's TimeoutStopSec.
void notify_stopping(Milliseconds drain);

/// A reload begins; it ends with `READY=1`.
void notify_reloading();

/// Within which the service manager wants notify_watchdog() (WatchdogSec=); 0 = it does not.
Milliseconds watchdog_interval_ms();
void notify_watchdog();

}  // namespace larder
