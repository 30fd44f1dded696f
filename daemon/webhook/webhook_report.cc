// SPDX-License-Identifier: Apache-2.0
#include "daemon/webhook/webhook_report.h"

#include <algorithm>
#include <utility>

#include "conf/base/json_text.h"
#include "conf/base/redact.h"
#include "conf/base/utc_text.h"
#include "daemon/watch/exposition.h"

namespace larder {
namespace {

constexpr std::int64_t kWarnEveryMs = 60'000;

}  // namespace

const char* name_of(WebhookResult result) {
  constexpr std::array<const char*, kWebhookResults> kNames = {
      "applied",   "coarse",     "ignored",      "duplicate",  "failed",       "unproven",
      "malformed", "wrong_path", "wrong_method", "wrong_type", "too_large",    "slow",
      "cut_off",   "busy",       "invalid",      "too_old",    "too_far_ahead"};
  return kNames[static_cast<std::size_t>(result)];
}

bool is_refusal(WebhookResult result) {
  return result >= WebhookResult::failed;
}

void WebhookReport::count(Unproven proof) {
  count(WebhookResult::unproven);
  ++unproven_[static_cast<std::size_t>(proof)];
}

void WebhookReport::note(Event event, WallTime now) {
  count(event.result);
  if (event.triggered.ms != 0 && event.result != WebhookResult::duplicate) {
    lags_.add(std::max<std::int64_t>(0, now.ms - event.triggered.ms));
  }
  last_ = std::move(event);
  last_at_ = now;
}

std::string WebhookReport::take_warning(MonotonicTime now) {
  if (has_warned_ && now.ms - warned_.ms < kWarnEveryMs) return {};
  std::string text;
  for (std::size_t i = 0; i < kWebhookResults; ++i) {
    const auto result = static_cast<WebhookResult>(i);
    if (!is_refusal(result) || results_[i] == told_[i]) continue;
    text += (text.empty() ? "" : ", ") + std::string(name_of(result)) + " " +
            std::to_string(results_[i] - told_[i]);
  }
  if (text.empty()) return {};
  told_ = results_;
  warned_ = now;
  has_warned_ = true;
  return "webhooks refused: " + text + "; larderctl status and the metrics tell more";
}

std::string WebhookReport::metrics_text(std::uint64_t pending) const {
  Exposition out;
  out.family("larder_webhooks_total", "counter", "Webhooks, by what became of them.");
  for (std::size_t i = 0; i < kWebhookResults; ++i) {
    out.sample(label("result", name_of(static_cast<WebhookResult>(i))), results_[i]);
  }
  out.family("larder_webhooks_unproven_total", "counter",
             "Webhooks refused, by the proof that failed.");
  for (std::size_t i = 0; i < kUnproven; ++i) {
    out.sample(label("proof", name_of(static_cast<Unproven>(i))), unproven_[i]);
  }
  out.single("larder_webhooks_late_total", "counter",
             "Webhooks answered with 202, before their purge was durable.", late_);
  out.single("larder_webhook_purges_pending", "gauge", "Purges of webhooks that are under way.",
             pending);
  out.single("larder_webhook_last_seen_seconds", "gauge",
             "When the last genuine webhook came, since 1970; 0 = never.",
             static_cast<std::uint64_t>(last_seen_.ms / 1'000));
  out.histogram("larder_webhook_lag_seconds", "From the event to the end of its purge.", lags_);
  return out.take();
}

std::string WebhookReport::status_json(WallTime now, std::uint64_t pending) const {
  std::string out = "{\"pending\":" + std::to_string(pending) +
                    ",\"late\":" + std::to_string(late_) + ",\"results\":{";
  for (std::size_t i = 0; i < kWebhookResults; ++i) {
    if (results_[i] == 0) continue;
    if (out.back() != '{') out += ",";
    out += json_quote(name_of(static_cast<WebhookResult>(i))) + ":" + std::to_string(results_[i]);
  }
  out += "},\"key_trouble\":" +
         (key_trouble_.empty() ? std::string("null") : json_quote(redact(key_trouble_)));
  out += ",\"last_seen_ago_s\":";
  out += last_seen_.ms == 0
             ? "null"
             : std::to_string(std::max<std::int64_t>(0, now.ms - last_seen_.ms) / 1'000);
  out += ",\"last\":";
  if (last_at_.ms == 0) return out + "null}";
  out += "{\"event\":" + json_quote(redact(last_.name)) +
         ",\"subject\":" + json_quote(redact(last_.subject)) +
         ",\"result\":" + json_quote(name_of(last_.result)) +
         ",\"at\":" + json_quote(utc_text(last_at_)) + ",\"lag_ms\":";
  out += last_.triggered.ms == 0
             ? "null"
             : std::to_string(std::max<std::int64_t>(0, last_at_.ms - last_.triggered.ms));
  return out + "}}";
}

}  // namespace larder
