// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/http_target.h"

namespace larder::bench {

struct HerdPlan {
  Endpoint endpoint;
  std::string request;
  unsigned clients = 1'000;
  /// The first client asks at once, all others so much later.
  std::optional<std::chrono::milliseconds> join_after;
  std::chrono::seconds patience{60};
};

/// What one client saw, times from the moment it sent its request.
struct HerdClient {
  bool complete = false;
  int status = 0;
  std::uint64_t first_byte_ns = 0;  ///< 0 = none came
  std::uint64_t last_byte_ns = 0;
  std::uint64_t body_bytes = 0;
  std::uint64_t body_hash = 0;
};

/// Connects all clients, then lets them ask. Each has its place in the result in the order of
/// asking.
std::vector<HerdClient> run_herd(const HerdPlan& plan);

}  // namespace larder::bench
