// SPDX-License-Identifier: Apache-2.0
#include "upstream/transfer_counts.h"

namespace larder {

const char* name_of(TransferPhase phase) {
  constexpr std::array<const char*, kTransferPhases> kNames = {"queue", "connect", "head", "body"};
  return kNames[static_cast<std::size_t>(phase)];
}

const char* name_of_status_class(std::size_t status_class) {
  constexpr std::array<const char*, kStatusClasses> kNames = {"2xx", "3xx", "4xx", "429", "5xx"};
  return kNames[status_class];
}

void TransferCounts::add_answer(int status) {
  if (status < 200 || status > 599) return;
  if (status == 429) {
    ++answers[3];
  } else {
    ++answers[status >= 500 ? 4 : static_cast<std::size_t>(status / 100 - 2)];
  }
}

std::array<std::int64_t, kTransferPhases> phases_of(const TransferTimes& times) {
  std::array<std::int64_t, kTransferPhases> phases{};
  MonotonicTime since = times.entered;
  std::size_t phase = 0;
  for (const MonotonicTime reached : {times.started, times.connected, times.head}) {
    if (reached.ms == 0) break;
    phases[phase++] = reached.ms - since.ms;
    since = reached;
  }
  phases[phase] = times.ended.ms - since.ms;
  return phases;
}

}  // namespace larder
