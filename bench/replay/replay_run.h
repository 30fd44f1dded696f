// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "bench/load/http_target.h"
#include "bench/replay/replay_tally.h"
#include "bench/run/sandbox_control.h"
#include "bench/trace/trace_csv.h"

namespace larder::bench {

struct ReplayPlan {
  Endpoint endpoint;
  std::optional<Endpoint> admin;  ///< larder's admin socket, for purges
  unsigned connections = 64;
  double rate = 0;  ///< requests a second; 0 = as fast as it goes
  std::uint64_t scale = 1;
  std::uint64_t window = 0;  ///< lines; 0 = none
  pid_t server = 0;          ///< whose CPU time is taken; 0 = nobody's
  /// Before this line the server is ended and started again by `restart`, which returns where it
  /// is then, and as what process.
  std::uint64_t restart_at = ~std::uint64_t{0};
  std::function<std::pair<Endpoint, pid_t>()> restart;
  bool shows_progress = false;
};

/// Replays a trace against a server that has the sandbox behind it. Purges keep their place: what
/// is asked of the key before is answered before, what comes after waits for it; other keys go on.
ReplayResult run_replay(const ReplayPlan& plan, const ReplayTrace& trace,
                        const SandboxControl& control);

}  // namespace larder::bench
