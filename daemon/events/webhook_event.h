// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cache/store/store.h"
#include "cache/tags/entry_version.h"
#include "conf/base/clock.h"
#include "conf/base/result.h"

namespace larder {

/// What an event of the CMS means for the cache. It can only remove.
struct WebhookEvent {
  std::string name;     ///< `entry.publish`
  WallTime triggered;   ///< 0 = it does not say
  std::string subject;  ///< what has changed, or why nothing did: for the log
  bool coarse = false;  ///< it does not say exactly what has changed: a whole scope goes
  std::optional<PurgeOrder> order;  ///< nothing = no published content has changed
  /// Of an entry that was published, where the event has it whole: what it refers to. Only later
  /// purges will be narrower by it.
  std::optional<RawEntry> entry = std::nullopt;

  /// Forgets what would make this purge or later ones narrower: a stranger may have sent it.
  void distrust();
};

/// Of the body of a webhook. What is missing widens the purge: without branch, or with one whose
/// aliases are not listed, all branches; without environment all environments; without a uid, and
/// of an event that larder does not know, all of the stack. A deletion is in all environments.
/// Error::invalid = no JSON object, or none of a stack. Pure.
Result<WebhookEvent> read_webhook_event(std::string_view body, WallTime now);

}  // namespace larder
