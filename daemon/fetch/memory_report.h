// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "conf/base/clock.h"

namespace larder {

/// Tells the log, once a minute at most, how often memory was refused (conf/base/patient_memory.h).
class MemoryReport {
 public:
  static constexpr std::int64_t kPauseMs = 60'000;

  void tell(MonotonicTime now);

 private:
  std::uint64_t told_ = 0;
  MonotonicTime told_at_;
};

}  // namespace larder
