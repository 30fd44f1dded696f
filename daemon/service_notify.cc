// SPDX-License-Identifier: Apache-2.0
#include "daemon/service_notify.h"

#include <systemd/sd-daemon.h>

namespace larder {

void notify_service(const std::string& state, const std::string& status) {
  sd_notify(0, (state + "\nSTATUS=" + status).c_str());
}

}  // namespace larder
