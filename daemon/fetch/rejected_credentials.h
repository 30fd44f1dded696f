// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "cache/body/chunk.h"
#include "cache/scope/key.h"
#include "cache/scope/scope_mac.h"
#include "conf/base/clock.h"
#include "conf/config.h"
#include "daemon/orders/orders.h"
#include "upstream/answer.h"

namespace larder {

/// Credentials that the origin refused. A refusal is doubted at first, where another request can
/// tell more: then it is answered from memory to its own key alone. While one is believed the
/// workers answer nothing of the credential from the store. For the first `hold_s` seconds after
/// each refusal the refusal itself is answered from memory, because SDKs repeat a 401 at once. The
/// origin's next 200 clears it. At most `kMaxRejectedCredentials` are kept, the oldest forgotten
/// first: a forgotten one is refused again by the origin at its next miss. Nothing here survives a
/// restart.
class RejectedCredentials {
 public:
  /// Refusals with a longer body are not held: the next request asks the origin. The API's own have
  /// some 200 bytes.
  static constexpr std::size_t kMaxHeldBytes = 4'096;

  struct Held {
    std::shared_ptr<const AnswerHead> head;
    std::vector<Chunk> body;
    MonotonicTime until;
    bool believed = true;
    CacheKey key;         ///< of the request that was refused, while it is doubted
    MonotonicTime asked;  ///< when another request was sent to find out
  };
  /// To find out, so often at most for each credential.
  static constexpr std::int64_t kAskMs = 1'000;

  explicit RejectedCredentials(Seconds hold_s) : hold_ms_(hold_s * 1000) {}

  /// For the refusals to come.
  void set_hold(Seconds hold_s) { hold_ms_ = hold_s * 1000; }

  /// The body in memory of its own: what came from the origin is counted as waiting for clients as
  /// long as anyone holds it. Empty = too long to be held.
  static std::vector<Chunk> copy_of(const std::vector<Chunk>& body);

  void reject(const ScopeMac& credential, std::shared_ptr<const AnswerHead> head,
              std::vector<Chunk> body, MonotonicTime now);
  /// The request for `key` was refused, of a credential that is not believed to be. True = another
  /// request of it is to be sent to find out.
  bool doubt(const ScopeMac& credential, const CacheKey& key,
             std::shared_ptr<const AnswerHead> head, std::vector<Chunk> body, MonotonicTime now);
  bool believes(const ScopeMac& credential) const;
  /// It is in doubt, by the refusal of another key.
  bool doubts_by_other(const ScopeMac& credential, const CacheKey& key) const;
  /// True when it was believed to be refused.
  bool accept(const ScopeMac& credential);
  /// The refusal to answer a request for `key` with at `now`, or null.
  const Held* held(const ScopeMac& credential, const CacheKey& key, MonotonicTime now) const;
  std::size_t believed() const { return believed_; }
  std::size_t size() const { return held_.size(); }

 private:
  void put(const ScopeMac& credential, Held held);
  void forget(const std::array<std::uint8_t, 32>& credential);

  std::int64_t hold_ms_;
  std::size_t believed_ = 0;
  std::map<std::array<std::uint8_t, 32>, Held> held_;
  std::deque<std::array<std::uint8_t, 32>> order_;
};

}  // namespace larder
