// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cache/tags/raw_entries.h"
#include "conf/base/clock.h"
#include "daemon/orders/orders.h"

namespace larder {

/// Keeps RawEntries true while schemas change: with its schema, a content type may show other
/// references of a version than before. On the fetch thread; pure.
class RawKnowledge {
 public:
  static constexpr Milliseconds kSkewMs = 60'000;

  explicit RawKnowledge(std::size_t most) : entries_(most) {}

  void set_most(std::size_t most) { entries_.set_most(most); }
  const RawEntries& entries() const { return entries_; }

  /// What the CMS says of a branch (branch_place()); it was asked then. Nothing is learnt of what
  /// may be from before a change of schema. False = there is no room for more.
  bool know(std::uint64_t branch, std::vector<RawEntry> entries, MonotonicTime asked);
  /// What an event of the CMS says. As if asked for when that happened, or earlier: the CMS's clock
  /// may be kSkewMs ahead.
  void know(const RawNote& note, WallTime wall, MonotonicTime now);
  /// Forgets what the purge says has changed its shape: the content types that are to be learnt
  /// anew in its branches, "" = all.
  std::vector<std::string> note_purge(const PurgeOrder& purge, MonotonicTime now);

 private:
  static constexpr std::size_t kMostBranches = 1'024;

  void forget(std::optional<Tag> content_type, const PurgeOrder& purge, MonotonicTime now);

  RawEntries entries_;
  /// When something of them was forgotten for the last time.
  std::unordered_map<std::uint64_t, MonotonicTime> forgotten_;  ///< by branch
  MonotonicTime all_forgotten_{-1};
};

}  // namespace larder
