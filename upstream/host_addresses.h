// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conf/base/clock.h"
#include "conf/config.h"

namespace larder {

/// What is known of one name's addresses. The last good ones are never lost: they stay in use while
/// the name cannot be looked up. Pure.
class HostAddresses {
 public:
  /// A look-up is not begun more often than this, whatever `upstream.dns_cache` is.
  static constexpr Milliseconds kLeastPauseMs = 1'000;
  /// A connection waits this long for a look-up before it takes the last good addresses.
  static constexpr Milliseconds kPatienceMs = 500;

  /// Is a look-up due, that is, are the addresses older than `ttl_s`, and is none under way? For a
  /// connection `anew`: then those of before may not be taken without one.
  bool due(Seconds ttl_s, MonotonicTime now, bool anew) const;
  void note_asked(MonotonicTime now);
  /// True = there were others before, of which one at least is gone.
  bool note_answer(std::vector<std::string> addresses, std::string error, MonotonicTime now);

  /// May a new connection take the addresses at once, without waiting for a look-up?
  bool usable(Seconds ttl_s, MonotonicTime now) const;

  const std::vector<std::string>& addresses() const { return addresses_; }
  const std::string& error() const { return error_; }
  bool asking() const { return asked_at_.has_value(); }
  /// May a kept connection to `peer` be used again?
  bool holds(const std::string& peer) const;

 private:
  std::vector<std::string> addresses_;        ///< of the last look-up that succeeded
  std::string error_;                         ///< of the last one, if it failed
  std::optional<MonotonicTime> asked_at_;     ///< one is under way since then
  std::optional<MonotonicTime> answered_at_;  ///< the last one, well or not
};

}  // namespace larder
