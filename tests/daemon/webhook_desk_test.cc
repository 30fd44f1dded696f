// SPDX-License-Identifier: Apache-2.0
#include "daemon/webhook/webhook_desk.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "conf/base/utc_text.h"

using namespace larder;

namespace {

constexpr WallTime kNow{1'700'000'000'000};

/// Proven by a header.
WebhookConfig locked() {
  WebhookConfig config;
  config.secret_header = "x-cms";
  config.secret_header_values.emplace_back("secret");
  return config;
}

const std::vector<HeaderView> kGenuine = {{"X-Cms", "secret"}};

std::string event(const std::string& word = "delete", WallTime at = kNow,
                  const std::string& blanks = "") {
  return R"({"module":"asset",)" + blanks + R"("api_key":"blt1","event":")" + word +
         R"(","triggered_at":")" + utc_text(at) + R"(","data":{"asset":{"uid":"a"}}})";
}

WebhookVerdict judge(WebhookDesk& desk, const std::string& body,
                     const std::vector<HeaderView>& headers = kGenuine, WallTime now = kNow) {
  return desk.judge(locked(), {}, headers, body, now);
}

std::optional<WebhookVerdict> refuse(std::string_view method, std::string_view target,
                                     const std::vector<HeaderView>& headers) {
  return refuse_head(WebhookConfig{}, method, {.target = target, .headers = headers});
}

}  // namespace

TEST_CASE("webhook desk: what is not proven is not read", "[daemon]") {
  WebhookDesk desk;
  for (const std::string& body : {event(), std::string("no JSON"), std::string()}) {
    CAPTURE(body);
    const auto verdict = judge(desk, body, {{"X-Cms", "other"}});
    CHECK(verdict.status == 401);
    CHECK(verdict.unproven == Unproven::secret_header);
    CHECK(verdict.text == "not verified");
    CHECK_FALSE(verdict.event.order);
  }
}

TEST_CASE("webhook desk: a genuine one purges, changes nothing, or is a mistake", "[daemon]") {
  struct Case {
    std::string name, body;
    int status;
    WebhookResult result;
    bool purges;
  };
  const Case c = GENERATE(values<Case>({
      {"exact", event(), 200, WebhookResult::applied, true},
      {"unknown", R"({"api_key":"blt1","module":"comet"})", 200, WebhookResult::coarse, true},
      {"draft", event("update"), 200, WebhookResult::ignored, false},
      {"no JSON", "no", 400, WebhookResult::invalid, false},
      {"no stack", "{}", 400, WebhookResult::invalid, false},
      {"old", event("delete", {kNow.ms - 3'601'000}), 400, WebhookResult::too_old, false},
      {"ahead", event("delete", {kNow.ms + 3'601'000}), 400, WebhookResult::too_far_ahead, false},
  }));
  DYNAMIC_SECTION(c.name) {
    WebhookDesk desk;
    const auto verdict = judge(desk, c.body);
    CHECK(verdict.status == c.status);
    CHECK(verdict.result == c.result);
    CHECK(verdict.event.order.has_value() == c.purges);
    CHECK(verdict.text.empty() == c.purges);
  }
}

TEST_CASE("webhook desk: an event counts as seen once its purge is durable, however it is written",
          "[daemon]") {
  WebhookDesk desk;
  const auto first = judge(desk, event());
  CHECK(judge(desk, event()).event.order);
  desk.remember(first.digest, kNow, 3'600);
  for (const std::string& again : {event(), event("delete", kNow, "  \n"), " " + event() + " "}) {
    const auto verdict = judge(desk, again);
    CHECK(verdict.status == 200);
    CHECK(verdict.result == WebhookResult::duplicate);
    CHECK_FALSE(verdict.event.order);
  }
  // Too old by now, but a retry of what was applied is acknowledged.
  const WallTime later{kNow.ms + 3'700'000};
  CHECK(judge(desk, event(), kGenuine, later).result == WebhookResult::duplicate);
  CHECK(judge(desk, event("unpublish")).event.order);
}

TEST_CASE("webhook desk: only a POST of JSON to the path is a webhook", "[daemon]") {
  const std::string_view path = "/webhooks/contentstack";
  const std::vector<HeaderView> json = {{"Content-Type", "application/json; charset=utf-8"}};
  CHECK_FALSE(refuse("POST", path, json));
  CHECK_FALSE(refuse("POST", path, {}));
  CHECK_FALSE(refuse("POST", "/webhooks/contentstack?a=b", {{"content-type", "APPLICATION/JSON"}}));
  CHECK(refuse("POST", "/webhooks/contentstack/", json)->status == 404);
  CHECK(refuse("POST", "/", json)->status == 404);
  CHECK(refuse("GET", path, json)->status == 405);
  CHECK(refuse("POST", path, {{"Content-Type", "text/plain"}})->status == 415);
  CHECK(refuse("POST", path, {{"Content-Type", "application/json5"}})->status == 415);
  CHECK(refuse("POST", path, {{"Content-Encoding", "gzip"}})->status == 415);
  CHECK(refuse("POST", path, {{"Origin", "null"}})->status == 403);
}
