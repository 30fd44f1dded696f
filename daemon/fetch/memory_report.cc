// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetch/memory_report.h"

#include <string>

#include "conf/base/log.h"
#include "conf/base/patient_memory.h"

namespace larder {

void MemoryReport::tell(MonotonicTime now) {
  const auto refusals = memory_refusals();
  if (refusals == told_ || now.ms - told_at_.ms < kPauseMs) return;
  log(LogLevel::warning, "server",
      "memory was refused " + std::to_string(refusals - told_) +
          " times, and asked for again: raise the limit (MemoryMax= or LimitAS= in the unit) or "
          "lower server.max_connections, server.max_output or cache.size");
  told_ = refusals;
  told_at_ = now;
}

}  // namespace larder
