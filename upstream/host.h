// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "conf/config.h"
#include "upstream/host_health.h"
#include "upstream/host_lanes.h"
#include "upstream/host_report.h"

namespace larder {

/// What is known of one host at one moment, for status and metrics. Holds no credentials.
struct HostSnapshot {
  std::string name;  ///< base URL
  std::array<std::size_t, kLanes> running{};
  std::array<std::size_t, kLanes> queued{};
  std::uint64_t refused = 0;            ///< transfers for somebody, at a full queue
  std::uint64_t refreshes_dropped = 0;  ///< refreshes, at a full queue
  std::uint64_t successes = 0;
  std::uint64_t failures = 0;
  std::uint64_t consecutive_failures = 0;
  std::optional<HostHealth::LastError> last_error;
  MonotonicTime since;  ///< when the present run of successes or of failures began
  HostHealth::State state = HostHealth::State::closed;
  MonotonicTime held_until;  ///< nobody asks it before
  MonotonicTime next_probe;  ///< of one that is open
  std::uint64_t opened = 0;
  std::array<std::uint64_t, kOriginCauses> failures_by{};  ///< by OriginCause
};

/// One origin host as larder sees it: the lanes to it and its health. Pure; who asks says what time
/// it is. Owned by a OriginLoop, so that previews, which have one of their own, have a Host of
/// their own even where they go to the host of deliveries.
class Host {
 public:
  /// `config` outlives the object and may change between calls.
  Host(std::string name, const UpstreamConfig& config, MonotonicTime now);

  const std::string& name() const { return name_; }
  HostLanes& lanes() { return lanes_; }
  const HostLanes& lanes() const { return lanes_; }
  HostHealth& health() { return health_; }
  const HostHealth& health() const { return health_; }
  HostReport& report() { return report_; }

  /// HostLanes::enter(), with the refused ones counted.
  HostLanes::Entry enter(Ticket ticket, Lane lane, MonotonicTime now, StackId stack = 0);

  /// Bytes came that belong to no answer, or an answer that HTTP does not know. For kDistrustMs its
  /// connections are used once. False = that was so already.
  bool distrust(MonotonicTime now);
  bool is_distrusted(MonotonicTime now) const;
  static constexpr std::int64_t kDistrustMs = 60'000;

  std::uint64_t refused() const { return refused_; }
  std::uint64_t refreshes_dropped() const { return refreshes_dropped_; }
  HostSnapshot snapshot() const;

 private:
  std::string name_;
  HostLanes lanes_;
  HostHealth health_;
  HostReport report_;
  std::optional<MonotonicTime> odd_at_;
  std::uint64_t refused_ = 0;
  std::uint64_t refreshes_dropped_ = 0;
};

}  // namespace larder
