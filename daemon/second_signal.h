// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace larder {

/// From here on SIGTERM, SIGINT and SIGQUIT end the process at once, with the exit status 128 + the
/// signal's number: whoever sends a second one does not want to wait. Removes `socket_files`
/// before. Signals that ask for logs or settings are ignored. Main thread, once; no loop may watch
/// these signals any more.
void end_at_second_signal(const std::vector<std::string>& socket_files);

/// Who listens next may have made sockets of its own there.
void leave_socket_files();

}  // namespace larder
