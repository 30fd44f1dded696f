// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/load_run.h"
#include "bench/run/json.h"

namespace larder::bench {

/// Entries of any size, as a larder-sandbox has them.
inline constexpr std::string_view kSizedPath =
    "/v3/content_types/sized/entries/s{size}_{key}?environment=production";

/// Credentials of the sandbox's first stack.
std::vector<std::string> sandbox_headers();

struct SizedLoad {
  Endpoint endpoint;
  std::string path;
  std::vector<std::string> headers;  ///< none = sandbox_headers()
  std::uint64_t body_bytes = 0;
  std::uint32_t keys = 1'000;
  double zipf_exponent = 1;
  std::uint64_t seed = 1;
};

/// A plan over `keys` objects of one size.
LoadPlan sized_plan(const SizedLoad& load);

Json load_json(const LoadResult& result);

/// Throws BenchError when there is no such CPU.
void pin_to_cpu(int cpu);

}  // namespace larder::bench
