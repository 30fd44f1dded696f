// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/exposition.h"

#include "daemon/watch/time_histogram.h"

namespace larder {
namespace {

std::string seconds_text(std::int64_t ms) {
  std::string rest = std::to_string(1'000 + ms % 1'000).substr(1);
  while (rest.ends_with('0')) rest.pop_back();
  return std::to_string(ms / 1'000) + (rest.empty() ? "" : "." + rest);
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
    const std::string bound = last ? "+Inf" : seconds_text(TimeHistogram::kBoundsMs[i]);
    sample_of("_bucket", label("le", bound), std::to_string(sum));
  }
  sample_of("_sum", {}, seconds_text(times.sum_ms()));
  sample_of("_count", {}, std::to_string(sum));
}

std::string label(std::string_view name, std::string_view value) {
  return std::string(name) + "=\"" + std::string(value) + "\"";
}

}  // namespace larder
