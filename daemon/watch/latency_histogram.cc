// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/latency_histogram.h"

#include <algorithm>
#include <bit>

namespace larder {
namespace {

constexpr std::size_t kSteps = 4;  ///< of each power of two

}  // namespace

std::size_t LatencyHistogram::bucket_of(std::uint64_t us) {
  if (us < kSteps) return static_cast<std::size_t>(us);
  const auto power = static_cast<std::size_t>(std::bit_width(us)) - 1;  // 2 or more
  const auto step = static_cast<std::size_t>(us >> (power - 2)) % kSteps;
  return std::min(kSteps * (power - 1) + step, kBuckets - 1);
}

std::uint64_t LatencyHistogram::bound_us(std::size_t bucket) {
  if (bucket < kSteps) return bucket + 1;
  const std::size_t power = bucket / kSteps + 1;
  return std::uint64_t{kSteps + bucket % kSteps + 1} << (power - 2);
}

std::string latency_json(std::span<const LatencyHistogram* const> histograms) {
  std::string out = "[";
  for (std::size_t bucket = 0; bucket < LatencyHistogram::kBuckets; ++bucket) {
    std::uint64_t sum = 0;
    for (const auto* histogram : histograms) sum += histogram->count(bucket);
    if (sum == 0) continue;
    if (out.size() > 1) out += ",";
    out +=
        "[" + std::to_string(LatencyHistogram::bound_us(bucket)) + "," + std::to_string(sum) + "]";
  }
  return out + "]";
}

}  // namespace larder
