// SPDX-License-Identifier: Apache-2.0
#include "daemon/webhook/webhook_report.h"

#include <algorithm>
#include <utility>

#include "conf/base/json_text.h"
#include "conf/base/redact.h"
#include "conf/base/utc_text.h"

namespace larder {
namespace {

constexpr std::int64_t kWarnEveryMs = 60'000;

void family(std::string& out, const std::string& name, const char* type, const char* help) {
  out += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

void sample(std::string& out, const std::string& name, std::uint64_t value) {
  out += name + " " + std::to_string(value) + "\n";
}

std::string seconds_text(std::int64_t ms) {
  std::string rest = std::to_string(1'000 + ms % 1'000).substr(1);
  while (rest.ends_with('0')) rest.pop_back();
  return std::to_string(ms / 1'000) + (rest.empty() ? "" : "." + rest);
}

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
    const std::int64_t lag = std::max<std::int64_t>(0, now.ms - event.triggered.ms);
    const auto at = std::lower_bound(kLags.begin(), kLags.end(), lag);
    ++lags_[static_cast<std::size_t>(at - kLags.begin())];
    lag_sum_ms_ += lag;
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
  std::string out;
  family(out, "larder_webhooks_total", "counter", "Webhooks, by what became of them.");
  for (std::size_t i = 0; i < kWebhookResults; ++i) {
    const std::string name = name_of(static_cast<WebhookResult>(i));
    sample(out, "larder_webhooks_total{result=\"" + name + "\"}", results_[i]);
  }
  family(out, "larder_webhooks_unproven_total", "counter",
         "Webhooks refused, by the proof that failed.");
  for (std::size_t i = 0; i < kUnproven; ++i) {
    const std::string name = name_of(static_cast<Unproven>(i));
    sample(out, "larder_webhooks_unproven_total{proof=\"" + name + "\"}", unproven_[i]);
  }
  family(out, "larder_webhooks_late_total", "counter",
         "Webhooks answered with 202, before their purge was durable.");
  sample(out, "larder_webhooks_late_total", late_);
  family(out, "larder_webhook_purges_pending", "gauge", "Purges of webhooks that are under way.");
  sample(out, "larder_webhook_purges_pending", pending);
  family(out, "larder_webhook_last_seen_seconds", "gauge",
         "When the last genuine webhook came, since 1970; 0 = never.");
  sample(out, "larder_webhook_last_seen_seconds",
         static_cast<std::uint64_t>(last_seen_.ms / 1'000));
  const std::string lag = "larder_webhook_lag_seconds";
  family(out, lag, "histogram", "From the event to the end of its purge.");
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < lags_.size(); ++i) {
    sum += lags_[i];
    std::string bucket = lag;
    bucket += "_bucket{le=\"";
    bucket += i < kLags.size() ? seconds_text(kLags[i]) : "+Inf";
    bucket += "\"}";
    sample(out, bucket, sum);
  }
  out += lag + "_sum " + seconds_text(lag_sum_ms_) + "\n";
  sample(out, lag + "_count", sum);
  return out;
}

std::string WebhookReport::status_json(WallTime now, std::uint64_t pending) const {
  std::string out = "{\"pending\":" + std::to_string(pending) +
                    ",\"late\":" + std::to_string(late_) + ",\"results\":{";
  for (std::size_t i = 0; i < kWebhookResults; ++i) {
    if (results_[i] == 0) continue;
    if (out.back() != '{') out += ",";
    out += json_quote(name_of(static_cast<WebhookResult>(i))) + ":" + std::to_string(results_[i]);
  }
  out += "},\"last_seen_ago_s\":";
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
