// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "conf/base/clock.h"
#include "upstream/host_health.h"

namespace larder {

/// What the log says of one host's health: a failure at most once a minute, and the recovery from
/// one that was told. Pure.
class HostReport {
 public:
  static constexpr Milliseconds kPauseMs = 60'000;

  /// The warning for a failure, if it is time for one.
  std::optional<std::string> on_failure(const std::string& host, const OriginError& error,
                                        const HostHealth& health, MonotonicTime now);
  /// The news that it answers again, if anyone was told that it did not.
  std::optional<std::string> on_recovery(const std::string& host, Milliseconds after_ms,
                                         std::uint64_t failures);

 private:
  std::optional<MonotonicTime> told_at_;
  bool told_ = false;  ///< of the present run of failures
};

}  // namespace larder
