// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/exposition.h"

#include <algorithm>

#include "daemon/watch/latency_histogram.h"
#include "daemon/watch/time_histogram.h"

namespace larder {
namespace {

/// `parts` of which `per_second` are a second: 1'000 or 1'000'000.
std::string seconds_text(std::uint64_t parts, std::uint64_t per_second = 1'000) {
  std::string rest = std::to_string(per_second + parts % per_second).substr(1);
  while (rest.ends_with('0')) rest.pop_back();
  return std::to_string(parts / per_second) + (rest.empty() ? "" : "." + rest);
}

}  // namespace

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_.append("# HELP ").append(name).append(" ").append(help);
  text_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void Exposition::sample_of(std::string_view ending, std::string_view labels,
                           std::string_view value) {
  text_.append(name_).append(ending);
  if (!labels.empty()) text_.append("{").append(labels).append("}");
  text_.append(" ").append(value).append("\n");
}

void Exposition::single(std::string_view name, std::string_view type, std::string_view help,
                        std::uint64_t value) {
  family(name, type, help);
  sample({}, value);
}

void Exposition::histogram(std::string_view name, std::string_view help,
                           const TimeHistogram& times) {
  family(name, "histogram", help);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i <= TimeHistogram::kBoundsMs.size(); ++i) {
    sum += times.count(i);
    const bool last = i == TimeHistogram::kBoundsMs.size();
    const std::string bound =
        last ? "+Inf" : seconds_text(static_cast<std::uint64_t>(TimeHistogram::kBoundsMs[i]));
    sample_of("_bucket", label("le", bound), std::to_string(sum));
  }
  sample_of("_sum", {}, seconds_text(static_cast<std::uint64_t>(times.sum_ms())));
  sample_of("_count", {}, std::to_string(sum));
}

void Exposition::sample_ms(std::string_view labels, std::int64_t ms) {
  sample_of({}, labels, seconds_text(static_cast<std::uint64_t>(std::max<std::int64_t>(0, ms))));
}

void Exposition::latencies(std::string_view labels,
                           const std::vector<const LatencyHistogram*>& parts) {
  constexpr std::uint64_t kSecondUs = 1'000'000;
  const std::string lead = labels.empty() ? "" : std::string(labels) + ",";
  std::uint64_t count = 0;
  std::uint64_t sum_us = 0;
  for (const LatencyHistogram* part : parts) sum_us += part->sum_us();
  const auto add_below = [&](std::size_t& bucket, std::uint64_t bound_us) {
    for (; bucket < LatencyHistogram::kBuckets; ++bucket) {
      if (LatencyHistogram::bound_us(bucket) > bound_us) return;
      for (const LatencyHistogram* part : parts) count += part->count(bucket);
    }
  };
  std::size_t bucket = 0;
  for (const std::uint64_t bound_us : LatencyHistogram::kFewBoundsUs) {
    add_below(bucket, bound_us);
    const std::string bound = label("le", seconds_text(bound_us, kSecondUs));
    sample_of("_bucket", lead + bound, std::to_string(count));
  }
  add_below(bucket, ~std::uint64_t{0});
  sample_of("_bucket", lead + label("le", "+Inf"), std::to_string(count));
  sample_of("_sum", labels, seconds_text(sum_us, kSecondUs));
  sample_of("_count", labels, std::to_string(count));
}

std::string label(std::string_view name, std::string_view value) {
  std::string out(name);
  out += "=\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + "\"";
}

}  // namespace larder
