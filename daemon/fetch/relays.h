// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "cache/body/held_bytes.h"
#include "daemon/fetch/waiter_hash.h"
#include "daemon/orders/orders.h"
#include "upstream/relay.h"
#include "upstream/transfers.h"

namespace larder {

/// Those whose address is `client` (numeric text) share a bound: one IPv4 address, one /64 of IPv6.
/// Empty for a unix socket, behind which all clients of another program may be.
std::string client_group(const std::string& client);

/// The relays under way, by their waiter. Previews have a way to the origins of their own.
class Relays final : public RelayOwner {
 public:
  Relays(Transfers& delivery, Transfers& preview, const HeldBytes& held)
      : delivery_(delivery), preview_(preview), held_(held) {}

  /// An error: nothing was started, and why.
  std::optional<OriginError> start(Waiter waiter, OriginRequest request, RelayOrder::To to,
                                   const std::string& client);
  void leave(Waiter waiter) { relays_.erase(waiter); }
  /// False = it has no relay.
  bool credit(Waiter waiter, std::uint64_t bytes);
  void clear() { relays_.clear(); }
  /// Of the relays that wait for one client address to read on, those beyond `most` are cut off,
  /// the longest waits first. To be called once in `span`; gives how many were.
  std::size_t cut_slow(std::size_t most, Milliseconds span);
  std::size_t size() const { return relays_.size(); }

 private:
  Chunk hold_output(std::string bytes) override { return held_.hold_output(std::move(bytes)); }
  void on_relay_over(Waiter waiter) override { relays_.erase(waiter); }

  struct Running {
    std::unique_ptr<Relay> relay;
    std::string client;  ///< client_group(); empty = not counted
  };

  Transfers& delivery_;
  Transfers& preview_;
  const HeldBytes& held_;
  std::unordered_map<Waiter, Running, WaiterHash> relays_;
};

}  // namespace larder
