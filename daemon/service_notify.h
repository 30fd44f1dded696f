// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace larder {

/// Tells the service manager (systemd, Type=notify) how the daemon is: `READY=1`, `STOPPING=1`,
/// with a line for `systemctl status`. Does nothing when none listens.
void notify_service(const std::string& state, const std::string& status);

/// A reload begins; it ends with `READY=1`.
void notify_reloading();

}  // namespace larder
