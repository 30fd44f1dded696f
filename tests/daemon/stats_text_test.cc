// SPDX-License-Identifier: Apache-2.0
#include "daemon/stats_text.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace larder;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;

namespace {

struct Sight {
  StatsFigures figures;
  StatsSample sample;
};

Sight sight() {
  StatsSample before, now;
  now.version = "1.2.3";
  now.uptime_s = 9;
  now.requests = {{"hit", 995}, {"miss", 5}};
  now.cache_us = {{8, 99}, {1'500, 1}};
  now.live_bytes = 3 << 20;
  now.size_bytes = 64 << 20;
  now.store_state = "writes";
  now.objects = 12;
  now.own_bytes = 7 << 20;
  now.hosts = {{.name = "https://a",
                .use = "delivery",
                .state = "open",
                .consecutive_failures = 3,
                .last_error = "no way"}};
  return {compare(before, now, 2), now};
}

}  // namespace

TEST_CASE("stats text: large matters first, and words beside colours", "[daemon]") {
  const auto [figures, sample] = sight();
  const std::string text = stats_text(figures, sample, false);
  CHECK_THAT(text, ContainsSubstring("larderd 1.2.3, up 9 s; over the last 2.0 s"));
  CHECK_THAT(text, ContainsSubstring("  hit rate      99.5 %  (since the start 99.5 %)\n"));
  CHECK_THAT(text, ContainsSubstring("  requests/s    500\n"));
  CHECK_THAT(text, ContainsSubstring("    hit         498       99.5 %\n"));
  CHECK_THAT(text, ContainsSubstring("  from store    p50 8 us, p99 8 us\n"));
  CHECK_THAT(text, ContainsSubstring("  from origin   p50 -, p99 -\n"));
  CHECK_THAT(text, ContainsSubstring("  store         3.0 MiB of 64.0 MiB, 12 objects\n"));
  CHECK_THAT(text, ContainsSubstring("down  https://a (delivery), 0 running, 0 queued\n"));
  CHECK_THAT(text, ContainsSubstring("                no way\n"));
  CHECK_THAT(text, !ContainsSubstring("\x1b"));
  CHECK_THAT(stats_text(figures, sample, true), ContainsSubstring("\x1b[31mdown\x1b[0m"));
}

TEST_CASE("stats text: JSON on one line", "[daemon]") {
  const auto [figures, sample] = sight();
  CHECK_THAT(
      stats_json(figures, sample),
      Equals(
          R"({"seconds":2.000,"requests_per_s":500.0,"by_outcome_per_s":{"hit":497.5,"stale":0.0,)"
          R"("miss":2.5,"passed":0.0,"refused":0.0,"failed":0.0},"hit_rate":0.9950,)"
          R"("hit_rate_since_start":0.9950,"from_store":{"p50_us":8,"p99_us":8},)"
          R"("from_origin":{"p50_us":null,"p99_us":null},"fills_per_s":0.0,"fills_active":0,)"
          R"("purges":0,"objects":12,"store_bytes":3145728,"store_state":"writes",)"
          R"("memory_bytes":7340032,"hosts":[{"name":"https://a","for":"delivery","state":"open"}]})"
          "\n"));
}
