// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <string>
#include <utility>
#include <vector>

#include "conf/config.h"
#include "daemon/http1/listen.h"
#include "daemon/http1/socket_lock.h"
#include "daemon/inherited_sockets.h"

namespace larder {

/// The listening sockets of the start: those that the service manager handed over, by their
/// addresses, and others opened here. TCP sockets that were opened here are left with the service
/// manager for the next start. Removes the files of its unix sockets when it ends.
class Listeners {
 public:
  struct Address {
    std::string name;  ///< with the port that was chosen
    std::string role;
    bool tls = false;
  };

  /// Throws StartupError, also where an inherited socket has no address of the configuration: what
  /// connects to it would wait for nobody.
  Listeners(const Config& config, std::size_t workers);

  /// Gives them away, once.
  std::vector<ListeningSocket> take_of_worker(std::size_t worker);
  std::vector<ListeningSocket> take_admin() { return std::move(admin_); }
  std::vector<ListeningSocket> take_webhook() { return std::move(webhook_); }

  const std::vector<Address>& for_clients() const { return clients_; }
  const std::vector<Address>& for_operators() const { return operators_; }
  const std::vector<Address>& for_webhooks() const { return webhooks_; }
  /// Of the unix sockets that were opened here.
  std::vector<std::string> socket_files() const;

 private:
  void match(const Config& config);
  std::vector<std::vector<ListeningSocket>> open(const ListenerConfig& listener,
                                                 const std::vector<Fd>& inherited,
                                                 std::size_t workers, unsigned mode);
  void open_clients(const Config& config, std::size_t workers);
  void open_admin(const Config& config, std::size_t first);
  void open_webhook(const Config& config, std::size_t first);

  std::list<SocketLock> locks_;
  std::vector<ListenAddress> wanted_;
  std::vector<std::vector<Fd>> inherited_;  ///< of each wanted address
  std::vector<std::vector<ListeningSocket>> of_worker_;
  std::vector<ListeningSocket> admin_;
  std::vector<ListeningSocket> webhook_;
  std::vector<Address> clients_;
  std::vector<Address> operators_;
  std::vector<Address> webhooks_;
};

}  // namespace larder
