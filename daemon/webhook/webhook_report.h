// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "conf/base/clock.h"
#include "daemon/events/webhook_proof.h"
#include "daemon/watch/time_histogram.h"

namespace larder {

/// What became of a webhook, or of a request that posed as one.
enum class WebhookResult : std::uint8_t {
  applied,    ///< purged what it names
  coarse,     ///< purged a whole scope: it does not name what has changed, or is not known
  ignored,    ///< changes nothing that is published
  duplicate,  ///< was applied before
  failed,     ///< its purge is not durable
  unproven,
  malformed,  ///< no HTTP
  wrong_path,
  wrong_method,
  wrong_type,
  too_large,
  slow,
  cut_off,  ///< the client left before its request was whole
  busy,     ///< at a bound of connections, memory or purges
  invalid,  ///< no JSON object, or of no stack
  too_old,
  too_far_ahead,
};
constexpr std::size_t kWebhookResults = 17;
const char* name_of(WebhookResult result);
/// Nothing was purged, and it was not acknowledged.
bool is_refusal(WebhookResult result);

/// The receiver's counts, its last event, and when to warn of refusals. On one thread.
class WebhookReport {
 public:
  struct Event {
    std::string name;
    std::string subject;
    WebhookResult result = WebhookResult::ignored;
    WallTime triggered;  ///< 0 = it does not say
  };

  void count(WebhookResult result) { ++results_[static_cast<std::size_t>(result)]; }
  void count(Unproven proof);
  void count_late() { ++late_; }
  /// A genuine event, at its end: also counted.
  void note(Event event, WallTime now);
  /// A genuine event has come, whatever becomes of it.
  void see(WallTime now) { last_seen_ = now; }
  /// What is wrong with the public key; "" = nothing.
  void show_key_trouble(std::string text) { key_trouble_ = std::move(text); }

  /// Once a minute at most: what was refused since the last time, for the log; else "".
  std::string take_warning(MonotonicTime now);

  std::string metrics_text(std::uint64_t pending) const;
  std::string status_json(WallTime now, std::uint64_t pending) const;
  std::uint64_t count_of(WebhookResult result) const {
    return results_[static_cast<std::size_t>(result)];
  }

 private:
  /// Upper bounds of the event lag, in milliseconds.
  std::array<std::uint64_t, kWebhookResults> results_{};
  std::array<std::uint64_t, kWebhookResults> told_{};  ///< as of the last warning
  std::array<std::uint64_t, kUnproven> unproven_{};
  TimeHistogram lags_;
  std::uint64_t late_ = 0;  ///< answered before the purge was durable
  WallTime last_seen_;      ///< 0 = never
  std::string key_trouble_;
  Event last_;
  WallTime last_at_;
  MonotonicTime warned_;
  bool has_warned_ = false;
};

}  // namespace larder
