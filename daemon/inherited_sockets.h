// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "conf/base/fd.h"
#include "conf/config.h"

namespace larder {

/// A listening socket that was handed over at the start: by a socket unit, or from the service
/// manager's store, where larderd left it before a restart (store_sockets()).
struct InheritedSocket {
  Fd socket;
  ListenAddress address;
  std::string name;     ///< as the service manager calls it
  bool stored = false;  ///< it is from the store
};

/// Takes them from LISTEN_FDS and LISTEN_FDNAMES (sd_listen_fds(3)), and the variables out of the
/// environment. Call it once, at the start. Throws StartupError where one is no listening stream
/// socket.
std::vector<InheritedSocket> take_inherited_sockets();

/// Leaves copies of sockets that listen on `address` with the service manager, which hands them to
/// the next start: what connects meanwhile waits. Without a service manager that keeps them
/// (FileDescriptorStoreMax=), nothing happens.
void store_sockets(const ListenAddress& address, const std::vector<int>& descriptors);

/// Returns when the service manager has closed what it keeps under these names, within 2 s: only
/// then can an address that overlaps be opened.
void forget_stored_sockets(const std::set<std::string>& names);

}  // namespace larder
