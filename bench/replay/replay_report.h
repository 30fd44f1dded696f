// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/replay/replay_tally.h"
#include "bench/run/json.h"

namespace larder::bench {

/// Hits are what Cache-Status says where every answer has one of larder, else what the origin was
/// not asked for.
Json replay_json(const ReplayResult& result);

void print_replay(const Json& report);

}  // namespace larder::bench
