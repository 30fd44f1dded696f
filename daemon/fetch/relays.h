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

/// The relays under way, by their waiter. Previews have a way to the origins of their own.
class Relays final : public RelayOwner {
 public:
  Relays(Transfers& delivery, Transfers& preview, const HeldBytes& held)
      : delivery_(delivery), preview_(preview), held_(held) {}

  /// An error: nothing was started, and why.
  std::optional<OriginError> start(Waiter waiter, OriginRequest request, RelayOrder::To to);
  void leave(Waiter waiter) { relays_.erase(waiter); }
  /// False = it has no relay.
  bool credit(Waiter waiter, std::uint64_t bytes);
  void clear() { relays_.clear(); }
  std::size_t size() const { return relays_.size(); }

 private:
  Chunk hold_output(std::string bytes) override { return held_.hold_output(std::move(bytes)); }
  void on_relay_over(Waiter waiter) override { relays_.erase(waiter); }

  Transfers& delivery_;
  Transfers& preview_;
  const HeldBytes& held_;
  std::unordered_map<Waiter, std::unique_ptr<Relay>, WaiterHash> relays_;
};

}  // namespace larder
