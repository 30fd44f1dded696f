// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// The second form of the metrics. Pure.
namespace larder {

inline constexpr std::string_view kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";
inline constexpr std::string_view kOpenMetricsType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// An Accept field likes OpenMetrics at least as well as plain text. Empty: false.
bool wants_open_metrics(std::string_view accept);

/// OpenMetrics 1.0.0 of a Prometheus text in which each family has HELP, then TYPE, then its
/// samples, and each counter's name ends in `_total`: a counter's family is named without it, a
/// family in seconds or bytes says its unit, bounds of buckets have a fraction, and `# EOF` ends
/// it.
std::string open_metrics_text(std::string_view prometheus);

}  // namespace larder
