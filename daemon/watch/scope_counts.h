// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

#include "cache/scope/scope.h"
#include "daemon/watch/count.h"
#include "daemon/watch/outcome.h"

namespace larder {

/// Requests by stack, environment and branch: of one worker, which alone adds; any thread reads.
/// For scopes that the configuration lists, or else a visitor could fill it with names of his own.
/// The first kMost names get a place of their own; all others, and those that are longer than
/// kMostNameBytes, share the last one.
class ScopeCounts {
 public:
  static constexpr std::size_t kMost = 64;
  static constexpr std::size_t kMostNameBytes = 256;  ///< of the three parts together
  using Place = std::size_t;
  static constexpr Place kOther = kMost;

  struct Name {
    std::string api_key, environment, branch;
    friend auto operator<=>(const Name&, const Name&) = default;
  };
  using Counts = std::array<std::uint64_t, kOutcomes>;

  /// Where to count; kOther where kMost others were first.
  Place place_of(const Scope& scope);
  void add(Place place, Outcome outcome) {
    entries_[place].counts[static_cast<std::size_t>(outcome)].add();
  }
  /// Adds these to `sums`; those of kOther under three empty names.
  void add_to(std::map<Name, Counts>& sums) const;

 private:
  struct Entry {
    Name name;  ///< does not change once `used_` covers it
    std::array<Count, kOutcomes> counts;
  };

  Place find(const Scope& scope);

  std::array<Entry, kMost + 1> entries_;
  std::atomic<std::size_t> used_{0};
  /// By the first bytes of the MAC: the tokens of a scope share its place.
  std::unordered_map<std::uint64_t, Place> known_;
  std::uint64_t last_mac_ = 0;
  Place last_ = kOther;
};

}  // namespace larder
