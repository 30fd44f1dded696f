// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/relays.h"

#include <arpa/inet.h>
#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/fetch/slow_answers.h"

namespace larder {

std::string client_group(const std::string& client) {
  in6_addr v6{};
  if (::inet_pton(AF_INET6, client.c_str(), &v6) == 1) {
    const auto* bytes = reinterpret_cast<const char*>(v6.s6_addr);
    return IN6_IS_ADDR_V4MAPPED(&v6) ? std::string(bytes + 12, 4) : std::string(bytes, 8);
  }
  in_addr v4{};
  if (::inet_pton(AF_INET, client.c_str(), &v4) != 1) return {};
  return {reinterpret_cast<const char*>(&v4.s_addr), 4};
}

std::optional<OriginError> Relays::start(Waiter waiter, OriginRequest request, RelayOrder::To to,
                                         const std::string& client) {
  const bool preview = to == RelayOrder::To::preview;
  auto relay =
      std::make_unique<Relay>(preview ? preview_ : delivery_, *this, waiter,
                              preview ? Relay::Privacy::private_no_store : Relay::Privacy::as_sent);
  if (auto refused = relay->start(std::move(request))) return refused;
  relays_[waiter] = {std::move(relay), client_group(client)};
  return std::nullopt;
}

bool Relays::credit(Waiter waiter, std::uint64_t bytes) {
  const auto found = relays_.find(waiter);
  if (found == relays_.end()) return false;
  found->second.relay->credit(bytes);
  return true;
}

std::size_t Relays::cut_slow(std::size_t most, Milliseconds span) {
  std::vector<SlowAnswer> slow;
  std::vector<Relay*> relays;
  for (auto& [waiter, running] : relays_) {
    const auto waited = running.relay->count_wait(span);
    if (waited < kSlowAnswerMs) continue;
    slow.push_back({.host = {}, .client = running.client, .waited = waited});
    relays.push_back(running.relay.get());
  }
  const auto beyond = slow_beyond(slow, most, slow.size());  // their lane bounds them by host
  for (const std::size_t index : beyond) relays[index]->cut();
  return beyond.size();
}

}  // namespace larder
