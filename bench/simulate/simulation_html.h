// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "bench/simulate/simulation_report.h"

namespace larder::bench {

/// A page with a section for each trace: summary, recommendation, miss ratio curves, all figures.
/// Needs nothing beside itself, follows the reader's choice of light or dark.
std::string reports_html(const std::vector<TraceReport>& reports);

}  // namespace larder::bench
