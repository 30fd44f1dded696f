// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/relays.h"

#include <utility>

namespace larder {

std::optional<OriginError> Relays::start(Waiter waiter, OriginRequest request, RelayOrder::To to) {
  const bool preview = to == RelayOrder::To::preview;
  auto relay =
      std::make_unique<Relay>(preview ? preview_ : delivery_, *this, waiter,
                              preview ? Relay::Privacy::private_no_store : Relay::Privacy::as_sent);
  if (auto refused = relay->start(std::move(request))) return refused;
  relays_[waiter] = std::move(relay);
  return std::nullopt;
}

bool Relays::credit(Waiter waiter, std::uint64_t bytes) {
  const auto found = relays_.find(waiter);
  if (found == relays_.end()) return false;
  found->second->credit(bytes);
  return true;
}

}  // namespace larder
