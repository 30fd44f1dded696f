// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bench/load/histogram.h"
#include "bench/load/http_target.h"
#include "bench/run/cpu_use.h"

namespace larder::bench {

/// What keep-alive connections ask for, and how: see ClientLoop.
struct LoadPlan {
  Endpoint endpoint;
  std::vector<std::string> requests;             ///< one for each key
  std::vector<std::uint32_t> order;              ///< keys as they are asked for
  std::uint32_t timed_keys = ~std::uint32_t{0};  ///< of the first so many the latency is taken
  std::string vary_header;       ///< sent with another value in every request; "" = none
  std::uint64_t body_bytes = 0;  ///< that each answer must have; 0 = any
  unsigned connections = 64;
  double rate = 0;         ///< requests a second, latencies from their planned moments; 0 = closed
  double warm_up_s = 0.3;  ///< not measured
  double seconds = 5;      ///< the order is gone through over and over meanwhile; 0 = once
  double settle_s = 0;     ///< then the server's CPU time is read: what it does behind its answers
  bool spin = false;       ///< never sleep: the server then pays for no wake-up of its client
  pid_t server = 0;        ///< whose CPU time is taken; 0 = nobody's
};

struct LoadResult {
  std::uint64_t requests = 0;
  double seconds = 0;
  Histogram latency_ns;
  CpuUse cpu;
  std::uint64_t reconnects = 0;  ///< the server had closed, as it may between requests
  std::uint64_t wrong = 0;  ///< answers with another status than 200, another length, or cut off
  std::map<int, std::uint64_t> statuses;

  std::uint64_t body_bytes = 0;

  double per_second() const;
  double cpu_us() const;  ///< of the server, for each request
  double user_us() const;
  double system_us() const;
};

LoadResult run_load(const LoadPlan& plan);

/// Throws BenchError when an answer was wrong, with the statuses seen.
void check_right(const LoadResult& result, const LoadPlan& plan, const std::string& server);

/// Asks for every key once, so that a cache has it. Throws BenchError at the first wrong answer.
void warm(const LoadPlan& plan);

}  // namespace larder::bench
