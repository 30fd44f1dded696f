// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "daemon/stats_figures.h"
#include "daemon/stats_sample.h"

namespace larder {

/// For a person: a dozen lines with large matters first. `now` is the sample that `figures` end
/// with; `colours` by ANSI escapes, and words say the same. Pure.
std::string stats_text(const StatsFigures& figures, const StatsSample& now, bool colours);

/// For programs: one JSON object on one line. Pure.
std::string stats_json(const StatsFigures& figures, const StatsSample& now);

}  // namespace larder
