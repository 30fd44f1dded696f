// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/open_metrics.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace larder::test {

TEST_CASE("open metrics: counters lose their ending in the family, units are said", "[daemon]") {
  CHECK(open_metrics_text(
            "# HELP larder_sent_bytes_total So many.\n"
            "# TYPE larder_sent_bytes_total counter\n"
            "larder_sent_bytes_total 3\n"
            "# HELP larder_open Now.\n# TYPE larder_open gauge\nlarder_open 1\n"
            "# HELP larder_seconds Of that name alone.\n# TYPE larder_seconds gauge\n") ==
        "# TYPE larder_sent_bytes counter\n# UNIT larder_sent_bytes bytes\n"
        "# HELP larder_sent_bytes So many.\nlarder_sent_bytes_total 3\n"
        "# TYPE larder_open gauge\n# HELP larder_open Now.\nlarder_open 1\n"
        "# TYPE larder_seconds gauge\n# UNIT larder_seconds seconds\n"
        "# HELP larder_seconds Of that name alone.\n# EOF\n");
}

TEST_CASE("open metrics: bounds of buckets have a fraction", "[daemon]") {
  CHECK(open_metrics_text("x_bucket{a=\"1\",le=\"5\"} 2\nx_bucket{le=\"0.5\"} 2\n"
                          "x_bucket{le=\"+Inf\"} 2\nx_sum 5\n") ==
        "x_bucket{a=\"1\",le=\"5.0\"} 2\nx_bucket{le=\"0.5\"} 2\nx_bucket{le=\"+Inf\"} 2\n"
        "x_sum 5\n# EOF\n");
}

TEST_CASE("open metrics: Accept chooses the form", "[daemon]") {
  struct Case {
    const char* accept;
    bool open;
  };
  const auto c = GENERATE(values<Case>({
      {"", false},
      {"*/*", false},
      {"text/plain", false},
      {"application/openmetrics-text", true},
      {"Application/OpenMetrics-Text; version=1.0.0", true},
      {"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
       true},
      {"application/openmetrics-text;q=0.2, text/plain;q=0.9", false},
      {"application/openmetrics-text;q=0", false},
      {"application/openmetrics-text;q=x", false},
      {"application/openmetrics-textual", false},
  }));
  CAPTURE(c.accept);
  CHECK(wants_open_metrics(c.accept) == c.open);
}

}  // namespace larder::test
