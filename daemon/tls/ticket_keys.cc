// SPDX-License-Identifier: Apache-2.0
#include "daemon/tls/ticket_keys.h"

#include <string.h>  // explicit_bzero
#include <algorithm>

namespace larder {

TicketKey::~TicketKey() {
  ::explicit_bzero(cipher.data(), cipher.size());
  ::explicit_bzero(mac.data(), mac.size());
}

const TicketKey& TicketKeyRing::to_seal(MonotonicTime now, const Make& make) {
  if (!current_ || now.ms - current_->made.ms >= period_) {
    previous_ = current_;
    current_ = make();
    current_->made = now;
  }
  return *current_;
}

std::optional<TicketKeyRing::Opener> TicketKeyRing::to_open(std::span<const std::uint8_t> name,
                                                            MonotonicTime now) const {
  for (const auto& key : {std::cref(current_), std::cref(previous_)}) {
    if (!key.get() || !std::ranges::equal(key.get()->name, name)) continue;
    const std::int64_t age = now.ms - key.get()->made.ms;
    if (age >= 2 * period_) return std::nullopt;
    return Opener{*key.get(), age >= period_};
  }
  return std::nullopt;
}

TicketKey TicketKeys::to_seal() {
  const std::lock_guard lock(mutex_);
  return ring_.to_seal(monotonic_now(), make_);
}

std::optional<TicketKeyRing::Opener> TicketKeys::to_open(std::span<const std::uint8_t> name) {
  const std::lock_guard lock(mutex_);
  return ring_.to_open(name, monotonic_now());
}

}  // namespace larder
