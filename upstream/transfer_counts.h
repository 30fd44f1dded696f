// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "conf/base/clock.h"

namespace larder {

/// Where the time of a request to an origin goes.
enum class TransferPhase : std::uint8_t {
  queue,    ///< until it has a place at its host
  connect,  ///< name, TCP, TLS: nothing on a kept connection
  head,     ///< until the head of its answer is complete
  body,     ///< until its end
};
inline constexpr std::size_t kTransferPhases = 4;
const char* name_of(TransferPhase phase);

/// `2xx`, `3xx`, `4xx` without 429, `429`, `5xx`.
inline constexpr std::size_t kStatusClasses = 5;
const char* name_of_status_class(std::size_t status_class);

/// Those that have ended, of all hosts of one loop.
struct TransferCounts {
  std::array<std::uint64_t, kStatusClasses> answers{};  ///< by name_of_status_class()
  std::array<std::int64_t, kTransferPhases> phase_ms{};

  void add_answer(int status);
};

/// When what was reached; 0 = never, and then none of those behind it.
struct TransferTimes {
  MonotonicTime entered, started, connected, head, ended;
};

/// In ms, by TransferPhase; that in which it ended has the time until then.
std::array<std::int64_t, kTransferPhases> phases_of(const TransferTimes& times);

}  // namespace larder
