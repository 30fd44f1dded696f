// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cache/http/freshness.h"
#include "cache/request/reason.h"
#include "daemon/orders/orders.h"
#include "daemon/watch/metrics.h"

/// What the next request for one key gets, by what is known now. Pure.
namespace larder {

/// What is known of a key of Route::cached.
struct NextFacts {
  /// Of the stored object, as a lookup finds it; nothing = none that a lookup uses.
  std::optional<Lifetime> lifetime = {};
  bool purged = false;  ///< a purge has hit it since it was stored
  KeyOutlook outlook = {};
  /// The last detail that the access log has of an answer of the origin's to this key; "" = none is
  /// remembered.
  std::string_view last_detail = {};
  bool was_stored = false;  ///< an earlier decision came from the store, or stored it
};

/// In the words of the access log.
struct NextAnswer {
  Outcome outcome = Outcome::miss;
  Reason reason = Reason::none;
  std::string detail;
  std::string line;  ///< one line, the same in words

  friend bool operator==(const NextAnswer&, const NextAnswer&) = default;
};

NextAnswer next_answer(const NextFacts& facts, WallTime now);

}  // namespace larder
