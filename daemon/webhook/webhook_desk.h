// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cache/request/request.h"
#include "conf/base/clock.h"
#include "conf/config.h"
#include "conf/signing_key.h"
#include "daemon/events/digest.h"
#include "daemon/events/seen_events.h"
#include "daemon/events/webhook_event.h"
#include "daemon/webhook/webhook_report.h"

namespace larder {

/// What is to be done with one webhook.
struct WebhookVerdict {
  int status = 200;
  WebhookResult result = WebhookResult::applied;  ///< of a purge that goes well
  std::string text;                               ///< for who has sent it, if there is no purge
  std::optional<Unproven> unproven = std::nullopt;
  WebhookEvent event = {};  ///< of a genuine one; purge if it has an order
  Sha256 digest = {};       ///< of that; for SeenEvents
};

/// Decides about whole requests: is it genuine, what does it mean, was it there before? Its body is
/// not looked into before every proof is passed. Pure but for its memory; the time is given.
class WebhookDesk {
 public:
  /// `signing_keys`: those of the CMS.
  WebhookVerdict judge(const WebhookConfig& config, std::span<const SigningKey> signing_keys,
                       std::span<const HeaderView> headers, std::string_view body, WallTime now);
  /// The purge of an event is durable.
  void remember(const Sha256& digest, WallTime now, Seconds window) {
    seen_.remember(digest, now, window);
  }

 private:
  WebhookVerdict judge_genuine(const WebhookConfig& config, std::string_view body, WallTime now);

  SeenEvents seen_;
};

/// Before the body: is this a request that a webhook may be? Nothing = yes.
std::optional<WebhookVerdict> refuse_head(const WebhookConfig& config, std::string_view method,
                                          const RequestView& request);

}  // namespace larder
