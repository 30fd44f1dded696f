// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "conf/base/fd.h"
#include "conf/config.h"

namespace larder {

/// A bound and listening socket, close-on-exec and non-blocking.
class ListeningSocket {
 public:
  ListeningSocket(Fd socket, ListenerConfig listener, std::string name)
      : socket_(std::move(socket)), listener_(std::move(listener)), name_(std::move(name)) {}

  int descriptor() const { return socket_.get(); }
  int release() { return socket_.release(); }  ///< gives the descriptor away
  const ListenerConfig& listener() const { return listener_; }
  const std::string& name() const {
    return name_;
  }  ///< `127.0.0.1:8080`, `[::1]:8080`, `unix:/path`, with the real port

 private:
  Fd socket_;
  ListenerConfig listener_;
  std::string name_;
};

/// `127.0.0.1:8080`, `[::1]:8080`, `unix:/path`.
std::string name_of(const ListenAddress& address);

/// Opens `copies` sockets on the address, which the kernel balances (SO_REUSEPORT); a unix socket
/// is opened once and its descriptor duplicated; the caller has its SocketLock. `mode` is that of a
/// unix socket's file. Throws
/// StartupError that names the address and the remedy.
std::vector<ListeningSocket> listen_on(const ListenerConfig& listener, std::size_t copies,
                                       unsigned mode);

}  // namespace larder
