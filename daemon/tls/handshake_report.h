// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "conf/base/clock.h"

namespace larder {

/// When to say that handshakes fail: at once, then once a minute with how many there were since.
/// One for all workers. Thread-safe.
class HandshakeReport {
 public:
  static constexpr std::int64_t kPauseMs = 60'000;

  /// One has failed. Gives what to say now.
  std::optional<std::string> note(std::string_view client, std::string_view why, MonotonicTime now);

 private:
  std::mutex mutex_;
  std::uint64_t untold_ = 0;
  std::optional<MonotonicTime> said_;
};

}  // namespace larder
