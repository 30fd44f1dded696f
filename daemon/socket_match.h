// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "conf/config.h"

namespace larder {

/// Which of the sockets that came with the start belongs to which address of the configuration.
/// Pure.
struct SocketMatch {
  std::vector<std::vector<std::size_t>> of_wanted;  ///< for each address: indices of its sockets
  std::vector<std::size_t> unmatched;
};

/// By equal address: IP and port, however the IP is written, or path. The first of equal addresses
/// has the socket. Port 0 ("any free port") matches none.
SocketMatch match_sockets(const std::vector<ListenAddress>& wanted,
                          const std::vector<ListenAddress>& inherited);

/// For each of `workers` (at least 1) the indices of the sockets that it accepts from. No socket is
/// without a worker: what the kernel gave it would wait for nobody. No worker is without a socket.
std::vector<std::vector<std::size_t>> spread_sockets(std::size_t sockets, std::size_t workers);

/// What is wrong with a start that was handed `inherited`, which no address of the configuration
/// matches. `fd_name`: as the service manager calls it.
std::string unmatched_text(const ListenAddress& inherited, const std::string& fd_name,
                           const std::vector<ListenAddress>& wanted);

}  // namespace larder
