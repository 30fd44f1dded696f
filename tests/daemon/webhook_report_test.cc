// SPDX-License-Identifier: Apache-2.0
#include "daemon/webhook/webhook_report.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace larder;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("webhook report: at most one warning a minute, and it tells all that came since",
          "[daemon]") {
  WebhookReport report;
  CHECK(report.take_warning({1'000}).empty());
  report.count(WebhookResult::applied);
  report.count(WebhookResult::duplicate);
  CHECK(report.take_warning({1'000}).empty());
  report.count(Unproven::signature);
  CHECK_THAT(report.take_warning({1'000}), ContainsSubstring("unproven 1"));
  for (int i = 0; i < 3; ++i) report.count(WebhookResult::too_large);
  report.count(Unproven::hmac);
  CHECK(report.take_warning({60'999}).empty());
  CHECK_THAT(report.take_warning({61'000}),
             ContainsSubstring("unproven 1") && ContainsSubstring("too_large 3"));
  CHECK(report.take_warning({200'000}).empty());
}

TEST_CASE("webhook report: lag and last event", "[daemon]") {
  WebhookReport report;
  CHECK_THAT(report.status_json({1'000'000}, 0),
             ContainsSubstring("\"last\":null") && ContainsSubstring("\"last_seen_ago_s\":null"));
  CHECK_THAT(report.status_json({1'000'000}, 0), ContainsSubstring("\"key_trouble\":null"));
  report.show_key_trouble("webhook.public_key_url: the answer is 404");
  CHECK_THAT(report.status_json({1'000'000}, 0), ContainsSubstring("key_url: the answer is 404\""));
  report.see({999'000});
  report.note({"entry.publish", "entry blog/e1", WebhookResult::applied, {999'800}}, {1'000'000});
  report.note({"entry.delete", "entry blog/e1", WebhookResult::applied, {700'000}}, {1'000'000});
  report.note({"entry.delete", "applied before", WebhookResult::duplicate, {1}}, {1'000'000});
  const std::string metrics = report.metrics_text(3);
  for (const char* line :
       {"larder_webhooks_total{result=\"applied\"} 2\n",
        "larder_webhooks_total{result=\"duplicate\"} 1\n", "larder_webhook_last_seen_seconds 999\n",
        "larder_webhook_purges_pending 3\n", "larder_webhook_lag_seconds_bucket{le=\"0.1\"} 0\n",
        "larder_webhook_lag_seconds_bucket{le=\"0.25\"} 1\n",
        "larder_webhook_lag_seconds_bucket{le=\"300\"} 2\n",
        "larder_webhook_lag_seconds_bucket{le=\"+Inf\"} 2\n",
        "larder_webhook_lag_seconds_sum 300.2\n", "larder_webhook_lag_seconds_count 2\n"}) {
    CHECK_THAT(metrics, ContainsSubstring(line));
  }
  CHECK_THAT(report.status_json({1'001'500}, 0),
             ContainsSubstring("\"last_seen_ago_s\":2") &&
                 ContainsSubstring("\"results\":{\"applied\":2,\"duplicate\":1}") &&
                 ContainsSubstring("\"event\":\"entry.delete\""));
}
