// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "bench/run/json.h"
#include "bench/simulate/recommendation.h"

namespace larder::bench {

/// All that is said about one trace.
struct TraceReport {
  Trace trace;  ///< without its events
  GridPlan plan;
  std::vector<CacheSize> too_small;  ///< asked for, but not simulated
  std::vector<GridCell> cells;
  Recommendation advice;
};

Json report_json(const TraceReport& report);

/// What the trace is, in a sentence or two.
std::string summary_text(const Trace& trace);
/// What was simulated, and how; what was not, and why.
std::string conditions_text(const TraceReport& report);

/// The tables that are printed, with the recommendation below. `with_time`: also what each request
/// took, which differs from run to run.
std::string report_text(const TraceReport& report, bool with_time);

}  // namespace larder::bench
