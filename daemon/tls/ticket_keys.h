// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>

#include "conf/base/clock.h"
#include "conf/config.h"

namespace larder {

/// Seals the session tickets of one period. Wiped when it ends.
struct TicketKey {
  static constexpr std::size_t kNameBytes = 16;
  std::array<std::uint8_t, kNameBytes> name{};  ///< goes out in every ticket that it seals
  std::array<std::uint8_t, 32> cipher{};        ///< AES-256-CBC
  std::array<std::uint8_t, 32> mac{};           ///< HMAC-SHA256
  MonotonicTime made{};

  TicketKey() = default;
  TicketKey(const TicketKey&) = default;
  TicketKey& operator=(const TicketKey&) = default;
  ~TicketKey();
};

/// Which key seals and which ones open: the current one, and the one before. A key seals for one
/// period and opens for one more, so a ticket can be used for a period at least and for two at
/// most. Pure.
class TicketKeyRing {
 public:
  using Make = std::function<TicketKey()>;

  explicit TicketKeyRing(Milliseconds period) : period_(period) {}

  /// `make` gives a new key where the current one has had its time.
  const TicketKey& to_seal(MonotonicTime now, const Make& make);

  struct Opener {
    TicketKey key;
    bool renew = false;  ///< the client should get a new ticket
  };
  /// None = no key that is good at `now` has the name.
  std::optional<Opener> to_open(std::span<const std::uint8_t> name, MonotonicTime now) const;

 private:
  Milliseconds period_;
  std::optional<TicketKey> current_;
  std::optional<TicketKey> previous_;
};

/// The ring that all workers share, so that each takes up the sessions of the others. In memory
/// only: sessions end with the process. Thread-safe.
class TicketKeys {
 public:
  TicketKeys(Milliseconds period, TicketKeyRing::Make make)
      : make_(std::move(make)), ring_(period) {}

  TicketKey to_seal();
  std::optional<TicketKeyRing::Opener> to_open(std::span<const std::uint8_t> name);

 private:
  const TicketKeyRing::Make make_;
  std::mutex mutex_;
  TicketKeyRing ring_;
};

}  // namespace larder
