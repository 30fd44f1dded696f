// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "upstream/host_addresses.h"
#include "upstream/loop/uv_handle.h"
#include "upstream/name_lookup.h"

namespace larder {

/// The host and port that a connection is made to.
struct Endpoint {
  std::string host;  ///< a name, or an IP literal without brackets
  unsigned port = 0;
  bool is_literal = false;  ///< needs no look-up
};

/// Of `scheme://host[:port]`, without a path.
Endpoint endpoint_of(std::string_view url);

/// Whoever waits for the addresses of a name.
class AddressWaiter {
 public:
  virtual ~AddressWaiter() = default;
  /// From the loop. Empty = the name could not be looked up, for the reason `error`. May destroy
  /// the waiter.
  virtual void on_addresses(const std::vector<std::string>& addresses,
                            const std::string& error) = 0;
};

/// The addresses of all hosts that one loop connects to, and who waits for them. One thread.
class AddressBook {
 public:
  /// `changed(host)`: a look-up gave addresses without some of those of before.
  AddressBook(uv_loop_t* loop, std::function<void(const std::string& host)> changed);
  AddressBook(const AddressBook&) = delete;
  AddressBook& operator=(const AddressBook&) = delete;

  /// The waiter is told, but never from inside this call. Until then, leave() undoes it.
  void want(const std::string& host, Seconds ttl_s, AddressWaiter& waiter);
  void leave(AddressWaiter& waiter);
  /// Begins a look-up if one is due.
  void refresh(const std::string& host, Seconds ttl_s);
  /// May a kept connection to `peer` be used again?
  bool holds(const std::string& host, const std::string& peer) const;

 private:
  struct Waiting {
    AddressWaiter* waiter;
    std::string host;
    Seconds ttl_s;
  };

  static void on_timer(uv_timer_t* timer) noexcept;
  void ask_if_due(const std::string& host, Seconds ttl_s, bool anew);
  void take(NameAnswer answer);
  void tell();

  std::function<void(const std::string&)> changed_;
  std::unordered_map<std::string, HostAddresses> hosts_;  ///< bounded: by the configured hosts
  std::vector<Waiting> waiting_;
  UvHandle<uv_timer_t> timer_;  ///< while somebody waits
  NameLookup lookup_;
};

}  // namespace larder
