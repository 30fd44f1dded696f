// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "cache/scope/scope.h"
#include "conf/base/clock.h"
#include "conf/config.h"
#include "daemon/orders/orders.h"
#include "upstream/answer.h"

namespace larder {

/// Credentials that the origin refused. While one is here the workers answer nothing of it from
/// the store; for the first `hold_s` seconds after each refusal the refusal itself is answered
/// from memory, because SDKs repeat a 401 at once. The origin's next 200 clears it. At most
/// `kMaxRejectedCredentials` are kept, the oldest forgotten first: a forgotten one is refused again
/// by the origin at its next miss. Nothing here survives a restart.
class RejectedCredentials {
 public:
  /// Refusals with a longer body are not held: the next request asks the origin. The API's own have
  /// some 200 bytes.
  static constexpr std::size_t kMaxHeldBytes = 4'096;

  struct Held {
    std::shared_ptr<const AnswerHead> head;
    std::vector<Chunk> body;
    MonotonicTime until;
  };

  /// The body in memory of its own: what came from the origin is counted as waiting for clients as
  /// long as anyone holds it. Empty = too long to be held.
  static std::vector<Chunk> copy_of(const std::vector<Chunk>& body) {
    std::string whole;
    for (const Chunk& piece : body) {
      if (whole.size() + piece->size() > kMaxHeldBytes) return {};
      whole += *piece;
    }
    return {std::make_shared<const std::string>(std::move(whole))};
  }

  explicit RejectedCredentials(Seconds hold_s) : hold_ms_(hold_s * 1000) {}

  void reject(const ScopeMac& credential, std::shared_ptr<const AnswerHead> head,
              std::vector<Chunk> body, MonotonicTime now) {
    const auto [place, fresh] = held_.insert_or_assign(
        credential.bytes, Held{std::move(head), std::move(body), MonotonicTime{now.ms + hold_ms_}});
    if (fresh) order_.push_back(credential.bytes);
    while (order_.size() > kMaxRejectedCredentials) {
      held_.erase(order_.front());
      order_.pop_front();
    }
  }

  /// True when it was here.
  bool accept(const ScopeMac& credential) {
    if (held_.erase(credential.bytes) == 0) return false;
    std::erase(order_, credential.bytes);
    return true;
  }

  /// The refusal to answer with at `now`, or null.
  const Held* held(const ScopeMac& credential, MonotonicTime now) const {
    const auto found = held_.find(credential.bytes);
    const bool holds = found != held_.end() && found->second.until > now;
    return holds && !found->second.body.empty() ? &found->second : nullptr;
  }
  std::size_t size() const { return held_.size(); }

 private:
  std::int64_t hold_ms_;
  std::map<std::array<std::uint8_t, 32>, Held> held_;
  std::deque<std::array<std::uint8_t, 32>> order_;
};

}  // namespace larder
