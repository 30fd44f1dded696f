// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cache/store/store.h"
#include "daemon/fetch/drift_audit.h"
#include "daemon/fetch/repeatable_requests.h"
#include "daemon/watch/metrics.h"

namespace larder {

/// Fetches that no visitor asks for, as refreshes within the stack's budget: after a purge those of
/// the purged objects that are used most (`purge.warm`), and from time to time a fresh object, to
/// compare it (`audit.per_minute`). On the fetch thread, but for note_purged().
class Refetches {
 public:
  /// How the rest of larder is reached.
  struct Ways {
    std::function<WallTime()> wall;
    /// Nobody fetches it already, and nothing speaks against asking its host.
    std::function<bool(const FillOrder&)> may_start;
    /// As a refresh: the number of its fill; 0 = it could not be started.
    std::function<std::uint64_t(FillOrder)> start;
  };

  Refetches(StoreReader& reader, OriginMetrics& metrics, const Config& config, Ways ways);

  /// With new settings a request may have to go elsewhere: all are forgotten.
  void use(const Config& config);
  /// The origin has answered it.
  void note_answer(const FillOrder& order);
  void note_purge(const PurgeOrder& purge) { audit_.note_purge(purge); }
  /// Any thread: lookups see a purge from now on.
  void note_purged() { purged_.store(true, std::memory_order_release); }
  /// See DriftAudit::note_end().
  void note_end(std::uint64_t fill, const std::string& etag);
  /// Several times a second.
  void step(MonotonicTime now);

 private:
  std::uint32_t uses_of(const FillOrder& order);
  bool is_purged(const FillOrder& order);
  void find_most_used();
  void warm();
  void audit_one();
  void judge_suspects(MonotonicTime now);

  StoreReader& reader_;
  OriginMetrics& metrics_;
  const Ways ways_;
  std::size_t warm_ = 0;
  unsigned per_minute_ = 0;
  RepeatableRequests requests_;
  DriftAudit audit_;
  std::atomic<bool> purged_{false};
  std::vector<CacheKey> to_warm_;  ///< most used first
};

}  // namespace larder
