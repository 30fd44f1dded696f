// SPDX-License-Identifier: Apache-2.0
#include "bench/load/load_plan.h"

#include <sched.h>

#include "bench/load/zipf.h"
#include "bench/run/command.h"

namespace larder::bench {
namespace {

constexpr std::size_t kDraws = 1u << 18;

}  // namespace

std::vector<std::string> sandbox_headers() {
  return {"api_key: blt0123456789abcdef", "access_token: cs0123456789abcdef01234567",
          "branch: main"};
}

LoadPlan sized_plan(const SizedLoad& load) {
  const std::string block = header_block(load.headers.empty() ? sandbox_headers() : load.headers);
  const std::string sized = replace_all(load.path, "{size}", std::to_string(load.body_bytes));
  LoadPlan plan;
  plan.endpoint = load.endpoint;
  plan.body_bytes = load.body_bytes;
  for (std::uint32_t key = 0; key < load.keys; ++key) {
    const std::string path = replace_all(sized, "{key}", "k" + std::to_string(key));
    plan.requests.push_back(get_request(load.endpoint, path, block));
  }
  plan.order = zipf_draws(load.keys, load.zipf_exponent, kDraws, load.seed);
  return plan;
}

Json load_json(const LoadResult& result) {
  const auto us = [&](double percent) {
    return static_cast<double>(result.latency_ns.percentile(percent)) / 1e3;
  };
  return {{"requests", result.requests},
          {"seconds", result.seconds},
          {"requests_per_s", result.per_second()},
          {"min_us", us(0)},
          {"p50_us", us(50)},
          {"p90_us", us(90)},
          {"p99_us", us(99)},
          {"p999_us", us(99.9)},
          {"max_us", us(100)},
          {"cpu_us", result.cpu_us()},
          {"user_us", result.user_us()},
          {"system_us", result.system_us()},
          {"reconnects", result.reconnects},
          {"wrong", result.wrong}};
}

void pin_to_cpu(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  if (::sched_setaffinity(0, sizeof set, &set) != 0) {
    throw BenchError("cannot run on CPU " + std::to_string(cpu));
  }
}

}  // namespace larder::bench
