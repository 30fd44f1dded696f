// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "cache/scope/key.h"
#include "conf/base/clock.h"
#include "conf/config.h"

namespace larder {

/// Keys whose last answer was outdated: a cache between larder and the origin had it since before
/// a change that larder knows of. The first time it is asked for again at once, past such caches;
/// from then on the answer is given for a while before the next try, the longer the longer it has
/// stayed outdated. Bounded: of a key beyond the bound nothing is known, and it is asked for as any
/// other. The fetch thread's; pure.
class Fence {
 public:
  /// A pause is at least so long: a new version is seen so long after the edge has it, at most.
  static constexpr Milliseconds kShortestPause = 500;
  static constexpr Milliseconds kLongestPause = 30'000;
  /// A pause is this part of the time for which answers have been outdated: 0.94 s after 30 s.
  static constexpr std::int64_t kPart = 32;

  explicit Fence(std::size_t most) : most_(most) {}

  /// An outdated answer has come. True = it is to be asked for once more at once.
  bool note(const CacheKey& key, WallTime now);
  /// An answer that is not outdated has come.
  void settle(const CacheKey& key) { keys_.erase(key); }
  /// A purge came: what was outdated may be so no more, and what may be given is older than it.
  void end_pauses();
  /// Nothing is to be asked for where an older answer can be given.
  bool pauses(const CacheKey& key, WallTime now) const;
  /// Its last answer was outdated: caches on the way are to be passed, unless that has failed.
  bool passes_caches(const CacheKey& key) const;
  /// What was asked past caches was no answer to keep: the origin may take no such parameter.
  void ask_plainly(const CacheKey& key);
  std::size_t size() const { return keys_.size(); }

 private:
  struct Outdated {
    WallTime since;
    WallTime pause_until;
    bool asked_past_caches = false;
    bool plainly = false;
  };

  void make_room(WallTime now);

  std::size_t most_;
  std::unordered_map<CacheKey, Outdated, KeyHash> keys_;
};

/// The parameter that makes a request another one for every cache on its way, while the API
/// ignores it; larder's own key does not have it. `url` may have a query. Another one for each
/// `number` and `now`.
void pass_caches(std::string& url, std::uint64_t number, WallTime now);

}  // namespace larder
