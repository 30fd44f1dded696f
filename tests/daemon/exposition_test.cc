// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/exposition.h"

#include <catch2/catch_test_macros.hpp>

#include "daemon/watch/latency_histogram.h"
#include "daemon/watch/time_histogram.h"

namespace larder::test {

TEST_CASE("exposition: a family is said once, before its samples", "[daemon]") {
  Exposition out;
  out.family("larder_x_total", "counter", "So many.");
  out.sample(label("kind", "a"), 1);
  out.sample(label("kind", "b"), 2);
  out.single("larder_y", "gauge", "So much.", 3);
  CHECK(out.take() ==
        "# HELP larder_x_total So many.\n# TYPE larder_x_total counter\n"
        "larder_x_total{kind=\"a\"} 1\nlarder_x_total{kind=\"b\"} 2\n"
        "# HELP larder_y So much.\n# TYPE larder_y gauge\nlarder_y 3\n");
}

TEST_CASE("exposition: a histogram counts up to each bound, in seconds", "[daemon]") {
  TimeHistogram times;
  for (const std::int64_t ms : {0, 100, 101, 250, 900'001}) times.add(ms);
  Exposition out;
  out.histogram("larder_z_seconds", "How long.", times);
  CHECK(out.take() ==
        "# HELP larder_z_seconds How long.\n# TYPE larder_z_seconds histogram\n"
        "larder_z_seconds_bucket{le=\"0.1\"} 2\nlarder_z_seconds_bucket{le=\"0.25\"} 4\n"
        "larder_z_seconds_bucket{le=\"0.5\"} 4\nlarder_z_seconds_bucket{le=\"1\"} 4\n"
        "larder_z_seconds_bucket{le=\"2.5\"} 4\nlarder_z_seconds_bucket{le=\"10\"} 4\n"
        "larder_z_seconds_bucket{le=\"60\"} 4\nlarder_z_seconds_bucket{le=\"300\"} 4\n"
        "larder_z_seconds_bucket{le=\"900\"} 4\nlarder_z_seconds_bucket{le=\"+Inf\"} 5\n"
        "larder_z_seconds_sum 900.452\nlarder_z_seconds_count 5\n");
}

TEST_CASE("exposition: latencies of several threads are added up", "[daemon]") {
  LatencyHistogram one;
  LatencyHistogram other;
  one.add(63);
  other.add(64);
  other.add(40'000'000);
  Exposition out;
  out.family("larder_d_seconds", "histogram", "How long.");
  out.latencies(label("answer", "hit"), {&one, &other});
  const std::string text = out.take();
  CAPTURE(text);
  CHECK(text.find("_bucket{answer=\"hit\",le=\"0.000064\"} 1\n") != std::string::npos);
  CHECK(text.find("_bucket{answer=\"hit\",le=\"0.000128\"} 2\n") != std::string::npos);
  CHECK(text.find("_bucket{answer=\"hit\",le=\"33.554432\"} 2\n") != std::string::npos);
  CHECK(text.find("_bucket{answer=\"hit\",le=\"+Inf\"} 3\n") != std::string::npos);
  CHECK(
      text.ends_with("_sum{answer=\"hit\"} 40.000127\n"
                     "larder_d_seconds_count{answer=\"hit\"} 3\n"));
}

TEST_CASE("exposition: a label's value cannot end it", "[daemon]") {
  CHECK(label("file", "a\"b\\c\nd") == "file=\"a\\\"b\\\\c d\"");
}

}  // namespace larder::test
