// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <unordered_map>
#include <vector>

#include "cache/store/store.h"
#include "cache/tags/publishing.h"
#include "conf/base/clock.h"

namespace larder {

/// When entries and assets were published, as events have told. An answer that shows one of them as
/// it was published before is outdated, whatever it says of its age: a cache on the way, or a copy
/// of the origin, does not know the event yet. The times are by the CMS's clock alone, `now` and
/// the lifetime by the clock here. Bounded; the oldest leave
/// first. The fetch thread's; pure.
class PublishedTimes {
 public:
  /// Longer than any copy of the origin lags. After it the answer counts, for then the event may
  /// have been wrong.
  static constexpr Milliseconds kLifetimeMs = 600'000;
  /// Between what an event and an answer say of the same publishing.
  static constexpr Milliseconds kRoundingMs = 999;

  explicit PublishedTimes(std::size_t most) : most_(most) {}

  /// Where an order leaves open in which places something was published, nothing is noted. Of an
  /// alias that has moved what was known is forgotten: where it shows to now, the same may have
  /// been published earlier. No other purge makes what is known less true.
  void note(const PurgeOrder& order, WallTime now);
  /// Of what an answer of `place` (place_of()) shows: those that were published again since.
  std::vector<Tag> find_older(std::uint64_t place, std::span<const Publishing> shown,
                              WallTime now) const;
  std::size_t size() const { return known_.size(); }

 private:
  struct Known {
    std::uint64_t branch = 0;  ///< branch_place()
    WallTime published;
    WallTime until;  ///< by the clock here
  };

  struct Place {
    std::uint64_t place, branch;
  };

  static std::vector<Place> places_of(const PurgeOrder& order);
  void forget(std::uint64_t branch);
  void add(const Place& place, const Publishing& publishing, WallTime now);

  const std::size_t most_;
  std::unordered_map<std::uint64_t, Known> known_;  ///< by place, what and locale
  std::deque<std::uint64_t> order_;                 ///< as they came
};

}  // namespace larder
